/** What is different between two readings of a case, for somebody whose verdict came too late. Pure. */
import type { CaseView } from '../base/protocol/case';

export type ChangedField = 'state' | 'outcome' | 'disposition' | 'liability' | 'note' | 'link' | 'sessions';

export interface Change {
  readonly field: ChangedField;
  /** A word of the protocol, a text, or a number; null for nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

export function changesBetween(before: CaseView, after: CaseView): Change[] {
  const pairs: [ChangedField, string | null, string | null][] = [
    ['state', before.state, after.state],
    ['outcome', before.verdict?.outcome ?? null, after.verdict?.outcome ?? null],
    ['disposition', before.verdict?.disposition ?? null, after.verdict?.disposition ?? null],
    ['liability', before.verdict?.liability ?? null, after.verdict?.liability ?? null],
    ['note', before.verdict?.note || null, after.verdict?.note || null],
    ['link', before.link.state, after.link.state],
    ['sessions', String(before.sessions.length), String(after.sessions.length)],
  ];
  return pairs.filter(([, old, now]) => old !== now).map(([field, old, now]) => ({ field, before: old, after: now }));
}
