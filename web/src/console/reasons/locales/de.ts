import type { Translation } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsDe: Translation<typeof reasonsEn> = {
  'reasons.title': 'Gründe im Formular',
  'reasons.intro': 'Welche Gründe ein Käufer wählen kann, und mit welchen Worten. Eine Kategorie ohne eigene Gründe bietet an, was für alles Übrige gilt.',
  'reasons.failed': 'Die Gründe konnten nicht geladen werden',
  'reasons.category': 'Kategorie',
  'reasons.all': 'Alles Übrige',
  'reasons.new': 'Weitere Kategorie',
  'reasons.new_name': 'Name der Kategorie, wie er in Ihren Bestellungen steht',
  'reasons.add': 'Hinzufügen',
  'reasons.offered': '„{reason}“ anbieten',
  'reasons.words': 'Eigene Worte für „{reason}“',
  'reasons.shipped': 'Leer: der mitgelieferte Text',
  'reasons.up': '„{reason}“ nach oben',
  'reasons.needed': 'Bieten Sie mindestens einen Grund an.',
  'reasons.save': 'Speichern',
  'reasons.saved': 'Gespeichert. Das Formular bietet ab jetzt diese Gründe an.',
  'reasons.drop': 'Zurück zu „Alles Übrige“',
  'reasons.dropped': 'Diese Kategorie hat keine eigenen Gründe mehr.',
  'reasons.undo': 'Rückgängig',
};
