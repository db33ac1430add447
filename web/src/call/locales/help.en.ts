/** What helps a weak connection, in English; loaded when it is needed. */
import type { Help } from '../help_words';

export const help: Record<Help, string> = {
  own_weak: 'Your connection is weak. Your picture stays sharp and moves less. Moving closer to the Wi-Fi helps.',
  own_stills: 'Your connection is very weak. They hear you and see about one picture a second. Move closer to the Wi-Fi, or switch between Wi-Fi and mobile data.',
  own_down: 'Your connection is weak, so what you see may lag behind. Moving closer to the Wi-Fi helps.',
  own_thinned: 'Your connection is very weak. You hear everything and see a new picture every few seconds. Move closer to the Wi-Fi, or switch between Wi-Fi and mobile data.',
  other_weak: '{name} has a weak connection. The picture stays sharp and moves less.',
  other_stills: '{name} has a very weak connection. You see about one picture a second; the sound comes first.',
  other_thinned: '{name} has a very weak connection, hears you and sees a new picture every few seconds. Hold things still for a moment.',
};
