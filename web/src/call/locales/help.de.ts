/** What helps a weak connection, in German; loaded when it is needed. */
import type { Help } from '../help_words';

export const help: Record<Help, string> = {
  own_weak: 'Ihre Verbindung ist schwach. Ihr Bild bleibt scharf und bewegt sich weniger. Näher am WLAN wird es besser.',
  own_stills: 'Ihre Verbindung ist sehr schwach. Man hört Sie und sieht etwa ein Bild pro Sekunde. Gehen Sie näher ans WLAN oder wechseln Sie zwischen WLAN und mobilen Daten.',
  own_down: 'Ihre Verbindung ist schwach, deshalb kommt das Bild etwas verzögert an. Näher am WLAN wird es besser.',
  own_thinned: 'Ihre Verbindung ist sehr schwach. Sie hören alles und sehen alle paar Sekunden ein neues Bild. Gehen Sie näher ans WLAN oder wechseln Sie zwischen WLAN und mobilen Daten.',
  other_weak: 'Die Verbindung von {name} ist schwach. Das Bild bleibt scharf und bewegt sich weniger.',
  other_stills: 'Die Verbindung von {name} ist sehr schwach. Sie sehen etwa ein Bild pro Sekunde, der Ton hat Vorrang.',
  other_thinned: 'Die Verbindung von {name} ist sehr schwach: Man hört Sie und sieht alle paar Sekunden ein neues Bild. Halten Sie die Ware kurz still.',
};
