/** The names of what is due in a case. */
import { t } from './text';

export const DEADLINES = ['first_answer', 'simple', 'decision', 'inspection', 'offer', 'dispute'] as const;
export type DeadlineKind = (typeof DEADLINES)[number];

export function deadlineWords(kind: unknown): string {
  const known = DEADLINES.find((name) => name === kind);
  return known ? t(`due.${known}`) : String(kind ?? '–');
}
