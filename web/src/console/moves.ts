/** What each move of a case is asked for, and the body that tells it. Pure. */
import type { CaseView, CheckedLine } from '../base/protocol/case';
import type { Grade, MoveName } from '../base/protocol/words';

export type FieldName = 'address' | 'label_url' | 'carrier' | 'tracking_number' | 'amount' | 'reference' | 'note' | 'words';

interface Ask {
  readonly name: FieldName;
  readonly needed?: boolean;
}

const PARCEL: readonly Ask[] = [{ name: 'carrier' }, { name: 'tracking_number' }];

/** The fields of each move's form, in order; a check has lines of its own. */
export const ASKED: Record<MoveName, readonly Ask[]> = {
  give_label: [{ name: 'address' }, { name: 'label_url' }, ...PARCEL],
  ship: PARCEL,
  receive: [],
  check: [],
  resolve: [{ name: 'note' }],
  refund: [{ name: 'amount', needed: true }, { name: 'reference' }],
  refund_partly: [{ name: 'amount', needed: true }, { name: 'reference' }],
  exchange: [...PARCEL, { name: 'reference' }],
  send_back: PARCEL,
  reject: [{ name: 'note', needed: true }],
  appeal: [{ name: 'words', needed: true }],
  dispute: [{ name: 'reference', needed: true }, { name: 'note' }],
};

export type Draft = Partial<Record<FieldName, string>>;

export interface LineDraft {
  returned: string;
  grade: Grade | '';
  disposition: CheckedLine['disposition'] | '';
  liability: CheckedLine['liability'] | '';
  note: string;
}

/** What is missing before this may be sent; empty when nothing is. */
export function missing(move: MoveName, draft: Draft): FieldName[] {
  const empty = ASKED[move].filter((ask) => ask.needed && !draft[ask.name]?.trim()).map((ask) => ask.name);
  const nowhere = move === 'give_label' && !draft.address?.trim() && !draft.label_url?.trim();
  return nowhere ? [...empty, 'address'] : empty;
}

export function bodyOf(move: MoveName, draft: Draft): Record<string, string> {
  const told: Record<string, string> = { move };
  for (const { name } of ASKED[move]) {
    const value = draft[name]?.trim();
    if (value) told[name] = value;
  }
  // The server wants to know that no address was meant, not that it was forgotten.
  if (move === 'give_label') told['address'] ??= '';
  return told;
}

/** All came back, as far as anybody knows before looking. */
export function lineDrafts(view: CaseView): LineDraft[] {
  return view.items.map((item) => ({
    returned: String(item.checked?.returned ?? item.quantity),
    grade: item.checked?.grade ?? '',
    disposition: item.checked?.disposition ?? '',
    liability: item.checked?.liability ?? '',
    note: item.checked?.note ?? '',
  }));
}

/** The first line that is not filled in, or null. */
export function unfinishedLine(lines: readonly LineDraft[]): number | null {
  const at = lines.findIndex((line) => !/^\d+$/.test(line.returned.trim()) || !line.disposition || !line.liability || (Number(line.returned) > 0 && !line.grade));
  return at < 0 ? null : at;
}

export function checkBody(lines: readonly LineDraft[]): object {
  return {
    move: 'check',
    lines: lines.map((line, position) => ({ position, returned: Number(line.returned), ...(line.grade && Number(line.returned) > 0 ? { grade: line.grade } : {}), disposition: line.disposition, liability: line.liability, note: line.note })),
  };
}

/** What a move's form begins with: what is left to give, or what an accepted offer promised. */
export function firstDraft(move: MoveName, view: CaseView): Draft {
  if (move === 'refund') return { amount: leftToRefund(view) };
  const owed = move === 'refund_partly' ? view.policy_answer?.owed : null;
  return owed ? { amount: owed } : {};
}

/** What can still be refunded, in the currency's own decimals. */
export function leftToRefund(view: CaseView): string {
  const digits = view.items[0]?.price.split('.')[1]?.length ?? 0;
  const paid = view.items.reduce((sum, item) => sum + Number(item.price) * item.quantity, 0);
  const given = view.settlements.reduce((sum, one) => sum + Number(one.amount ?? 0), 0);
  return (paid - given).toFixed(digits);
}
