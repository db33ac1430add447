/** The buyer in the queue and in the call, in German. */
import type { Translation } from '../../base/text';
import { callDe } from '../../call/locales/de';
import type { laterEn } from './later.en';

export const laterDe: Translation<typeof laterEn> = {
  ...callDe,
  'join.waiting_title': 'Sie sind in der Warteschlange',
  'join.waiting_next': 'Sie sind als Nächstes dran',
  'join.waiting_position': 'Platz {position} in der Warteschlange',
  'join.waiting_wait': 'Noch etwa {wait}. Sie werden von selbst verbunden: Lassen Sie einfach diese Seite offen.',
  'join.waiting_unknown': 'Sie werden von selbst verbunden, sobald jemand frei ist. Lassen Sie einfach diese Seite offen.',
  'join.waiting_nobody': 'Gerade ist niemand da. Lassen Sie diese Seite offen oder kommen Sie später mit demselben Link wieder.',
  'join.held_title': 'Ihr Prüfer ist da',
  'join.held_text': 'Einen Moment, Sie werden verbunden.',
  'join.waiting_write': 'Schon etwas schreiben',
  'join.leave_queue': 'Verlassen',
  'join.connecting_to': 'Sie werden mit {name} verbunden …',
  'join.call_with': 'Gespräch mit {name}',
  'join.picture_of': 'Bild von {name}',
  'join.finding_from': '{name} hält fest:',
  'join.finding_question': 'Sehen Sie das auch so?',
  'join.agree': 'Ich stimme zu',
  'join.disagree': 'Nein',
  'join.add_note': 'Etwas ergänzen',
  'join.note_label': 'Ihre Ergänzung',
  'join.hang_up_title': 'Gespräch beenden?',
  'join.hang_up_text': 'Solange Ihr Prüfer noch da ist, können Sie mit demselben Link zurückkommen.',
  'join.hang_up_yes': 'Beenden',
  'join.hang_up_no': 'Bleiben',
  'join.host_left_title': 'Ihr Prüfer musste kurz weg',
  'join.host_left_text': 'Ihr Platz in der Warteschlange bleibt erhalten.',
};
