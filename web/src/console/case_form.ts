/** A new case as it is typed: drafts, checks, and the request they become. Pure. */
import type { CaseIn } from '../base/protocol/case';
import type { Direction, Reason } from '../base/protocol/words';

export interface PropertyDraft {
  readonly name: string;
  readonly value: string;
}

export interface ItemDraft {
  readonly sku: string;
  readonly quantity: string;
  readonly price: string;
  readonly title: string;
  readonly pictures: readonly string[];
  readonly properties: readonly PropertyDraft[];
}

export interface CaseDraft {
  readonly orderNumber: string;
  readonly name: string;
  readonly email: string;
  readonly locale: string;
  readonly currency: string;
  readonly direction: Direction;
  readonly reason: Reason;
  readonly words: string;
  readonly items: readonly ItemDraft[];
}

export const MOST_PICTURES = 3;

export function emptyItem(): ItemDraft {
  return { sku: '', quantity: '1', price: '', title: '', pictures: [], properties: [{ name: '', value: '' }] };
}

export function emptyDraft(): CaseDraft {
  return {
    orderNumber: '', name: '', email: '', locale: 'en', currency: 'EUR', direction: 'buyer_shows',
    reason: 'not_as_described', words: '', items: [emptyItem()],
  };
}

export type Fault = 'form.needed' | 'form.bad_price' | 'form.bad_quantity' | 'form.bad_email';

/** `148`, `148,50`, `1.480,00 €` → `148`, `148.50`, `1480.00`; null when it is no price. */
export function plainPrice(typed: string): string | null {
  const bare = typed.replace(/[\s\u00a0€$£¥]/g, '');
  const cents = /^(.*)[.,](\d{1,2})$/.exec(bare);
  const whole = (cents?.[1] ?? bare).replace(/[.,'’]/g, '');
  if (!/^\d{1,9}$/.test(whole)) return null;
  return cents?.[2] === undefined ? whole : `${whole}.${cents[2]}`;
}

/** What is wrong with a draft, by the server's names of the fields (`items.0.price`). */
export function faultsOf(draft: CaseDraft): Map<string, Fault> {
  const faults = new Map<string, Fault>();
  const need = (field: string, value: string): void => {
    if (!value.trim()) faults.set(field, 'form.needed');
  };
  need('order_number', draft.orderNumber);
  need('buyer.name', draft.name);
  if (draft.email.trim() && !/^[^\s@]+@[^\s@]+$/.test(draft.email.trim())) faults.set('buyer.email', 'form.bad_email');
  draft.items.forEach((item, i) => {
    need(`items.${i}.sku`, item.sku);
    need(`items.${i}.listing.title`, item.title);
    if (plainPrice(item.price) === null) faults.set(`items.${i}.price`, item.price.trim() ? 'form.bad_price' : 'form.needed');
    if (!/^[1-9]\d{0,2}$/.test(item.quantity.trim())) faults.set(`items.${i}.quantity`, 'form.bad_quantity');
  });
  return faults;
}

/** The request for a draft without faults. */
export function caseInOf(draft: CaseDraft): CaseIn {
  return {
    order_number: draft.orderNumber.trim().replace(/^#/, ''),
    buyer: { name: draft.name.trim(), email: draft.email.trim() || null, locale: draft.locale },
    currency: draft.currency,
    direction: draft.direction,
    warehouse_id: null,
    claim: { reason: draft.reason, words: draft.words.trim(), locale: draft.locale },
    items: draft.items.map((item) => ({
      sku: item.sku.trim(),
      quantity: Number(item.quantity.trim()),
      price: plainPrice(item.price) ?? item.price.trim(),
      listing: {
        title: item.title.trim(),
        pictures: [...item.pictures],
        properties: Object.fromEntries(
          item.properties.filter((one) => one.name.trim() && one.value.trim()).map((one) => [one.name.trim(), one.value.trim()]),
        ),
      },
    })),
  };
}

/** The server's field names as this page writes them: `body.items[0].price` → `items.0.price`. */
export function fieldName(name: string): string {
  return name.replace(/\[(\d+)\]/g, '.$1').replace(/^(body|\$)\./, '').replace(/^\//, '').replace(/\//g, '.');
}

export function serverFaults(errors: readonly { field: string; message: string }[]): Map<string, string> {
  return new Map(errors.map((error) => [fieldName(error.field), error.message]));
}

const SHOWN_FIELD = /^(order_number|currency|buyer\.(name|email|locale)|claim\.(reason|words)|items\.\d+\.(sku|quantity|price|listing\.(title|pictures(\.\d+)?|properties)))$/;

/** What the server said of something that has no field of its own on the form. */
export function unplacedWords(faults: ReadonlyMap<string, string>): string[] {
  return [...faults].filter(([field]) => !SHOWN_FIELD.test(field)).map(([, message]) => message);
}

export function withItem(draft: CaseDraft, index: number, change: Partial<ItemDraft>): CaseDraft {
  return { ...draft, items: draft.items.map((item, i) => (i === index ? { ...item, ...change } : item)) };
}

/** A draft without faults and pictures that would be lost by leaving. */
export function begun(draft: CaseDraft): boolean {
  return JSON.stringify(draft) !== JSON.stringify({ ...emptyDraft(), locale: draft.locale, currency: draft.currency });
}
