/** Words before a call, in Spanish. */
import type { Translation } from '../../base/text';
import type { beforeEn } from './before.en';

export const beforeEs: Translation<typeof beforeEn> = {
  'call.what_we_keep': 'Qué se graba',
  'call.consent_title': 'Lo que usted acepta',
  'call.net_blocked_title': 'Esta red bloquea el vídeo en directo',
  'call.net_blocked_text': 'Cambie a datos móviles o a otra wifi. Si usa una VPN, apáguela. Puede empezar de todos modos y escribir.',
  'call.net_slow_title': 'Aquí su conexión es lenta',
  'call.net_slow_text': 'Acérquese a la wifi o a una ventana, o cambie entre wifi y datos móviles. Puede empezar de todos modos.',
};
