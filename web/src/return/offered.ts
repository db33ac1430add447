/** Which reasons are offered for what is returned, as the shop set it. Pure. */
import { REASONS, type Reason } from './reason_picture';

export interface OfferedReason {
  readonly reason: Reason;
  /** The shop's own words by language. */
  readonly words: Readonly<Record<string, string>>;
}

/** By category; `*` is every other. */
export type ReasonChoices = Readonly<Record<string, readonly OfferedReason[]>>;

const EVERYTHING = '*';

/** What fits any of the categories, each reason once, in the shop's order; all reasons where nothing was set. */
export function offeredFor(choices: ReasonChoices, categories: readonly (string | null)[]): readonly OfferedReason[] {
  const all = choices[EVERYTHING] ?? REASONS.map((reason) => ({ reason, words: {} }));
  const own = (category: string | null): readonly OfferedReason[] => (category !== null && Object.hasOwn(choices, category) ? (choices[category] ?? all) : all);
  const found = new Map<Reason, OfferedReason>();
  for (const one of categories.length === 0 ? all : categories.flatMap(own)) if (REASONS.includes(one.reason) && !found.has(one.reason)) found.set(one.reason, one);
  return [...found.values()];
}
