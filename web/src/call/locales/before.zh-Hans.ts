/** Words before a call, in Simplified Chinese. */
import type { Translation } from '../../base/text';
import type { beforeEn } from './before.en';

export const beforeZh: Translation<typeof beforeEn> = {
  'call.what_we_keep': '录制哪些内容',
  'call.consent_title': '您同意的内容',
  'call.net_blocked_title': '当前网络不允许实时视频',
  'call.net_blocked_text': '请换用移动数据或其他 Wi-Fi。如果开着 VPN，请先关闭。您也可以直接开始，用文字沟通。',
  'call.net_slow_title': '这里的网络比较慢',
  'call.net_slow_text': '请靠近 Wi-Fi 或窗边，或在 Wi-Fi 与移动数据之间切换。您也可以直接开始。',
};
