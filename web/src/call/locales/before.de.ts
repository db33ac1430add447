/** Words before a call, in German. */
import type { Translation } from '../../base/text';
import type { beforeEn } from './before.en';

export const beforeDe: Translation<typeof beforeEn> = {
  'call.what_we_keep': 'Was aufgezeichnet wird',
  'call.consent_title': 'Wozu Sie zustimmen',
  'call.net_blocked_title': 'Dieses Netz sperrt Live-Video',
  'call.net_blocked_text': 'Wechseln Sie zu mobilen Daten oder in ein anderes WLAN. Falls Sie ein VPN benutzen, schalten Sie es aus. Sie können trotzdem beginnen und schreiben.',
  'call.net_slow_title': 'Ihre Verbindung ist hier langsam',
  'call.net_slow_text': 'Gehen Sie näher ans WLAN oder ans Fenster, oder wechseln Sie zwischen WLAN und mobilen Daten. Sie können trotzdem beginnen.',
};
