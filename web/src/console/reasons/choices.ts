/** What the form offers for a category as the page holds it. Pure but for asking the server. */
import { call, get, put, putIfStill } from '../../base/api';
import type { Reason } from '../../base/protocol/words';

export const EVERYTHING = '*';
export const REASONS: readonly Reason[] = ['damaged', 'defective', 'not_as_described', 'wrong_item', 'missing_parts', 'colour_differs', 'size_fit', 'changed_mind', 'other'];

export interface Offered {
  readonly reason: Reason;
  readonly words: Readonly<Record<string, string>>;
}

export interface Choice {
  readonly category: string;
  readonly reasons: readonly Offered[];
}

/** One row of the page: a reason, offered or not. */
export interface Row extends Offered {
  readonly on: boolean;
}

/** What is offered first, in its order, then the rest. */
export function rowsOf(choice: Choice | null): Row[] {
  const on = choice?.reasons ?? REASONS.map((reason) => ({ reason, words: {} }));
  const rest = REASONS.filter((reason) => !on.some((one) => one.reason === reason));
  return [...on.map((one) => ({ ...one, on: true })), ...rest.map((reason) => ({ reason, words: {}, on: false }))];
}

/** What is sent: offered ones only, without empty words. */
export function offeredOf(rows: readonly Row[]): Offered[] {
  return rows.filter((row) => row.on).map(({ reason, words }) => ({ reason, words: Object.fromEntries(Object.entries(words).map(([language, text]) => [language, text.trim()]).filter(([, text]) => text !== '')) }));
}

const pathOf = (category: string): string => `/api/v1/reasons/${encodeURIComponent(category)}`;

export const readChoices = async (): Promise<readonly Choice[]> => (await get<{ items: Choice[] }>('/api/v1/reasons')).items;
/** As `saveChoice`, if nobody else changed it since it was read. */
export const changeChoice = (category: string, before: Choice | null, reasons: readonly Offered[]): Promise<void> => putIfStill(pathOf(category), before, { reasons });
export const saveChoice = (category: string, reasons: readonly Offered[]): Promise<void> => put(pathOf(category), { reasons });
export const dropChoice = (category: string): Promise<void> => call('DELETE', pathOf(category));
