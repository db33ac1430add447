/** Until when a case is put aside, by name, in the person's own time. Pure. */
export const SNOOZES = ['hours', 'tomorrow', 'monday', 'week'] as const;
export type SnoozeName = (typeof SNOOZES)[number];

const MORNING = 9;

export function snoozeUntil(name: SnoozeName, now: Date): Date {
  const until = new Date(now);
  if (name === 'hours') {
    until.setHours(until.getHours() + 3);
    return until;
  }
  // Sunday is 0: from Monday on, the next Monday is a week away.
  const toMonday = (8 - now.getDay()) % 7 || 7;
  until.setDate(until.getDate() + (name === 'tomorrow' ? 1 : name === 'monday' ? toMonday : 7));
  until.setHours(MORNING, 0, 0, 0);
  return until;
}
