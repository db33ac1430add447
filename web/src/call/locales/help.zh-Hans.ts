/** What helps a weak connection, in simplified Chinese; loaded when it is needed. */
import type { Help } from '../help_words';

export const help: Record<Help, string> = {
  own_weak: '您的网络较弱。画面会保持清晰，但动作会变慢。靠近 Wi-Fi 会好一些。',
  own_stills: '您的网络很弱。对方能听到您的声音，大约每秒看到一张画面。请靠近 Wi-Fi，或在 Wi-Fi 和移动数据之间切换。',
  own_down: '您的网络较弱，看到的画面可能会延迟。靠近 Wi-Fi 会好一些。',
  own_thinned: '您的网络很弱。您能听到全部声音，画面每隔几秒更新一次。请靠近 Wi-Fi，或在 Wi-Fi 和移动数据之间切换。',
  other_weak: '{name} 的网络较弱。画面会保持清晰，但动作会变慢。',
  other_stills: '{name} 的网络很弱。您大约每秒看到一张画面，声音优先。',
  other_thinned: '{name} 的网络很弱：能听到您，画面每隔几秒更新一次。请把物品拿稳一会儿。',
};
