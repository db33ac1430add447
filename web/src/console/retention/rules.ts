/** Rules of retention as they are typed, what is wrong with them, and which keeps a case. Pure. */
import type { Reason } from '../../base/protocol/words';

export const MAX_DAYS = 36_525;

export interface KeepRule {
  readonly days: number;
  readonly reason: Reason | null;
  readonly market: string | null;
  readonly since: string | null;
}

export interface RuleDraft {
  readonly key: number;
  readonly days: string;
  readonly reason: Reason | '';
  readonly market: string;
  readonly since: string;
}

export type Fault = 'days' | 'market' | 'twice';

let nextKey = 1;

export function draftOf(rule: KeepRule): RuleDraft {
  return { key: nextKey++, days: String(rule.days), reason: rule.reason ?? '', market: rule.market ?? '', since: rule.since ?? '' };
}

export function emptyDraft(): RuleDraft {
  return { key: nextKey++, days: '', reason: '', market: '', since: '' };
}

export function ruleOf(draft: RuleDraft): KeepRule {
  return { days: Number(draft.days), reason: draft.reason || null, market: draft.market.trim().toUpperCase() || null, since: draft.since || null };
}

/** What is wrong, by the draft's key; a second rule for the same cases and day is wrong, not the first. */
export function faultsOf(drafts: readonly RuleDraft[]): ReadonlyMap<number, Fault> {
  const faults = new Map<number, Fault>();
  const seen = new Set<string>();
  for (const draft of drafts) {
    const { reason, market, since } = ruleOf(draft);
    const scope = JSON.stringify([reason, market, since]);
    if (!/^\d{1,5}$/.test(draft.days.trim()) || Number(draft.days) < 1 || Number(draft.days) > MAX_DAYS) faults.set(draft.key, 'days');
    else if (market !== null && !/^[A-Z]{2}$/.test(market)) faults.set(draft.key, 'market');
    else if (seen.has(scope)) faults.set(draft.key, 'twice');
    seen.add(scope);
  }
  return faults;
}

/** As the server decides: of each scope the newest that had begun, of those the longest. Days are `2026-11-29`. */
export function keptBy(rules: readonly KeepRule[], kept: { reason: Reason; market: string | null; closedOn: string }): KeepRule | null {
  const newest = new Map<string, KeepRule>();
  for (const rule of rules) {
    const fits = (rule.reason === null || rule.reason === kept.reason) && (rule.market === null || rule.market === kept.market) && (rule.since ?? '') <= kept.closedOn;
    const scope = JSON.stringify([rule.reason, rule.market]);
    const known = newest.get(scope);
    if (fits && (known === undefined || (known.since ?? '') < (rule.since ?? ''))) newest.set(scope, rule);
  }
  return [...newest.values()].reduce<KeepRule | null>((longest, rule) => (longest === null || rule.days > longest.days ? rule : longest), null);
}
