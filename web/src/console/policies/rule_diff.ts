/** What is different between two versions' rules, rule by rule. Pure. */
import type { Policy, Rule } from './rules';

export type RuleChange =
  | { readonly kind: 'added'; readonly after: Rule; readonly position: number }
  | { readonly kind: 'removed'; readonly before: Rule; readonly position: number }
  | { readonly kind: 'changed'; readonly before: Rule; readonly after: Rule; readonly position: number }
  | { readonly kind: 'moved'; readonly after: Rule; readonly from: number; readonly position: number };

/** Objects with the same content are the same, whatever the order of their keys; null is absent. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

function sorted(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The rules that keep their order among each other, by name: the longest such row. */
function steady(before: readonly string[], after: readonly string[]): ReadonlySet<string> {
  const rows = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = rows[i];
      if (row) row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const kept = new Set<string>();
  for (let i = 0, j = 0; i < before.length && j < after.length;) {
    if (before[i] === after[j]) {
      kept.add(before[i] ?? '');
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return kept;
}

/** Rules are the same rule when they have the same name; positions count from 1. */
export function diffOf(before: Policy, after: Policy): RuleChange[] {
  const old = new Map(before.rules.map((rule, at) => [rule.name, { rule, at }]));
  const now = new Set(after.rules.map((rule) => rule.name));
  const kept = steady(before.rules.map((rule) => rule.name).filter((name) => now.has(name)), after.rules.map((rule) => rule.name).filter((name) => old.has(name)));
  const changes: RuleChange[] = before.rules.flatMap((rule, at) => (now.has(rule.name) ? [] : [{ kind: 'removed' as const, before: rule, position: at + 1 }]));
  after.rules.forEach((rule, at) => {
    const earlier = old.get(rule.name);
    if (!earlier) changes.push({ kind: 'added', after: rule, position: at + 1 });
    else if (!same(earlier.rule, rule)) changes.push({ kind: 'changed', before: earlier.rule, after: rule, position: at + 1 });
    else if (!kept.has(rule.name)) changes.push({ kind: 'moved', after: rule, from: earlier.at + 1, position: at + 1 });
  });
  return changes;
}
