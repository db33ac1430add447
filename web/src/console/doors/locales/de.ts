/** What the links from mails say, in another language. */
import { baseDe } from '../../../base/locales/de';
import type { Translation } from '../../../base/text';
import type { doorEn } from './en';

export const doorDe: Translation<typeof doorEn> = {
  ...baseDe,
  'door.invited': 'Willkommen bei {organisation}',
  'door.invited_hint': 'Wählen Sie, wie Sie sich anmelden. Ihre Adresse ist {email}.',
  'door.name': 'Ihr Name',
  'door.password': 'Neues Passwort',
  'door.password_hint': 'Mindestens 10 Zeichen. Vier Wörter hintereinander sind leicht zu merken und schwer zu erraten.',
  'door.weak': 'Dieses Passwort ist zu leicht zu erraten. Nehmen Sie mindestens 10 Zeichen, nicht Ihren Namen oder eine Tastenreihe.',
  'door.taken': 'Mit dieser Adresse meldet sich schon jemand an. Melden Sie sich an oder fordern Sie ein neues Passwort an.',
  'door.accept': 'Beitreten',
  'door.ready': 'Sie können sich jetzt anmelden',
  'door.ready_hint': 'Mit {email} und dem eben gewählten Passwort.',
  'door.to_console': 'Zur Anmeldung',
  'door.over': 'Dieser Link gilt nicht mehr',
  'door.over_hint': 'Er wurde benutzt, zurückgenommen oder ist zu alt. Bitten Sie um einen neuen.',
  'door.forgot': 'Neues Passwort festlegen',
  'door.forgot_hint': 'Geben Sie die Adresse ein, mit der Sie sich anmelden. Wir senden einen Link, der 30 Minuten gilt.',
  'door.send': 'Link senden',
  'door.sent': 'Sehen Sie in Ihr Postfach',
  'door.sent_hint': 'Wenn sich jemand mit dieser Adresse anmeldet, ist der Link unterwegs. Kommt nichts, bitten Sie die Verwaltung um einen Link.',
  'door.reset': 'Wählen Sie ein neues Passwort',
  'door.reset_hint': 'Überall, wo Sie angemeldet sind, werden Sie abgemeldet.',
  'door.save': 'Passwort speichern',
  'door.changed': 'Ihr Passwort ist geändert',
  'door.changed_hint': 'Melden Sie sich mit dem neuen an.',
};
