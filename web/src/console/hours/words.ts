/** What the pages of hours and shifts say. */
import { translator } from '../../base/text';

export const hoursEn = {
  'hours.title': 'Hours and deadlines',
  'hours.intro': 'Deadlines run while the desk is open. What runs already keeps its time.',
  'hours.zone': 'Time zone',
  'hours.zone_hint': 'As the world’s list names it, like Europe/Berlin',
  'hours.week': 'Week',
  'hours.week_hint': 'Like 09:00–12:00, 13:00–17:30. Leave a day empty when nobody works.',
  'hours.bad_day': 'Write from–to, one after the other: 09:00–12:00, 13:00–17:30',
  'hours.holidays': 'Holidays',
  'hours.holidays_hint': 'One date a line: 2026-12-25',
  'hours.lengths': 'How long what may take',
  'hours.working_time': 'Count open hours only',
  'hours.first_answer_h': 'First answer (hours)',
  'hours.decision_h': 'Decision after somebody took it (hours)',
  'hours.inspection_h': 'The buyer opens the link (hours)',
  'hours.warn_percent': 'Warn after this share (%)',
  'hours.slot_minutes': 'Length of an appointment (minutes)',
  'hours.close_after_days': 'Close after a missed appointment (days)',
  'hours.reassign': 'Give what was missed to a colleague',
  'hours.save': 'Save',
  'hours.saved': 'Saved.',
  'hours.failed': 'Not saved. Check the marked fields and the time zone, then try again.',
  'hours.admins': 'Only an admin can change this.',
  'shifts.title': 'Shifts',
  'shifts.intro': 'When each of you takes calls, and in which languages. Buyers are offered these times.',
  'shifts.person': 'Colleague',
  'shifts.languages': 'Languages',
  'shifts.languages_hint': 'Codes with commas: en, es, zh-Hans. Empty means any.',
  'shifts.categories': 'Reasons',
  'shifts.categories_hint': 'Codes with commas: damaged, colour_differs. Empty means any.',
  'shifts.nobody': 'Nobody here takes calls yet.',
} as const;

export const th = translator<typeof hoursEn>();
