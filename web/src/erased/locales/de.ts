/** What is said of an erased case, in German. */
import type { Translation } from '../../base/text';
import type { erasedEn } from './en';

export const erasedDe: Translation<typeof erasedEn> = {
  'erased.title': 'Dieser Fall wurde gelöscht',
  'erased.order': 'Bestellung {number}',
  'erased.by': 'Gelöscht am {when} durch {name}',
  'erased.by_rule': 'Gelöscht am {when}, weil die Zeit der Aufbewahrung vorbei war',
  'erased.because': 'Grund',
  'erased.kept_days': { one: 'Ihre Regel bewahrt einen Fall nach dem Abschluss {count} Tag auf.', other: 'Ihre Regel bewahrt einen Fall nach dem Abschluss {count} Tage auf.' },
  'erased.under_way': 'Er wird gerade gelöscht. Niemand kann ihn mehr öffnen.',
  'erased.unreadable': 'Die Schlüssel wurden am {when} vernichtet. Niemand kann etwas davon wieder lesen, und keine Sicherung bringt es zurück.',
  'erased.taken': 'Was entfernt wurde',
  'erased.taken_none': 'Es war nichts gespeichert.',
  'erased.count.sessions': { one: '{count} Prüfung', other: '{count} Prüfungen' },
  'erased.count.recordings': { one: '{count} Aufnahme', other: '{count} Aufnahmen' },
  'erased.count.stills': { one: '{count} Foto', other: '{count} Fotos' },
  'erased.count.attachments': { one: '{count} Anhang', other: '{count} Anhänge' },
  'erased.count.labels': { one: '{count} Etikett', other: '{count} Etiketten' },
  'erased.count.packages': { one: '{count} Beweispaket', other: '{count} Beweispakete' },
  'erased.count.copies': { one: '{count} Kopie zum Zeigen', other: '{count} Kopien zum Zeigen' },
  'erased.count.log_entries': { one: 'die Wörter von {count} Protokolleintrag', other: 'die Wörter von {count} Protokolleinträgen' },
  'erased.count.mails': { one: '{count} E-Mail', other: '{count} E-Mails' },
  'erased.count.objects': { one: '{count} Datei im Speicher', other: '{count} Dateien im Speicher' },
  'erased.media': '{size} Bild und Ton',
  'erased.done': 'Der Speicher hat die letzte Datei am {when} gelöscht.',
  'erased.deleting': { one: '{count} Datei wird noch aus dem Speicher gelöscht. Sie ist schon unlesbar.', other: '{count} Dateien werden noch aus dem Speicher gelöscht. Sie sind schon unlesbar.' },
  'erased.retained': { one: 'Der Speicher sperrt noch {count} Datei. Sie ist unlesbar und wird gelöscht, sobald die Sperre endet; wir versuchen es täglich.', other: 'Der Speicher sperrt noch {count} Dateien. Sie sind unlesbar und werden gelöscht, sobald die Sperre endet; wir versuchen es täglich.' },
  'erased.stays': 'Was bleibt',
  'erased.stays_words': 'Die Fingerabdrücke dessen, was versiegelt wurde. Sie sagen über niemanden etwas; ein Paket von früher lässt sich weiter daran prüfen.',
  'erased.stays_none': 'Davon war nichts versiegelt.',
  'erased.manifest': 'Manifest {number} von {session}',
};
