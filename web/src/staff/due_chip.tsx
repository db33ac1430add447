/** When something is due, in a colour and in words that say the same. */
import { dateAndTime, nowMs, waitLength } from '../base/time';
import { Chip } from '../base/ui';
import { ts } from './text';

const SOON_MS = 6 * 3_600_000;
const SHOWN_AS_LENGTH_MS = 48 * 3_600_000;

export function DueChip({ dueAt }: { dueAt: string | null }) {
  if (dueAt === null) return null;
  const left = Date.parse(dueAt) - nowMs.value;
  const length = waitLength(Math.abs(left) / 1000);
  if (left <= 0) return <span class="due"><Chip tone="live" test="due-chip">{ts('cases.overdue', { length })}</Chip></span>;
  const words = left < SHOWN_AS_LENGTH_MS ? ts('cases.due_in', { length }) : ts('cases.due_at', { when: dateAndTime(dueAt) });
  return <span class="due"><Chip tone={left < SOON_MS ? 'warn' : 'plain'} test="due-chip">{words}</Chip></span>;
}
