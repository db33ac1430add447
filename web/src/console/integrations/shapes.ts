/** What the server tells of ports, as far as this page needs it. */
export type PortKind = 'tracking' | 'label' | 'refund';
export type Json = string | number | boolean | null | { readonly [key: string]: Json } | readonly Json[];
export type Setup = { readonly [name: string]: Json };

export interface Port {
  readonly kind: PortKind;
  readonly enabled: boolean;
  readonly has_secret: boolean;
  readonly setup: Setup | null;
  readonly push_path: string | null;
}
export interface Tested {
  readonly ok: boolean;
  readonly request: string;
  readonly status: number | null;
  readonly latency_ms: number;
  readonly answer: string;
  readonly words: string;
}
export interface ReturnAddress {
  readonly place: string;
  readonly name: string;
  readonly address: string | null;
}
export interface ScansTaken {
  readonly kept: number;
  readonly known: number;
  readonly problems: readonly { readonly line: number; readonly why: string }[];
  readonly rest: string | null;
}

/** How one field of a set-up is written down, and read again. */
export type FieldKind = 'text' | 'number' | 'list' | 'words' | 'json';
export type FieldName =
  | 'url' | 'scans_at' | 'number_at' | 'status_at' | 'time_at' | 'place_at' | 'words' | 'every_h' | 'stuck_after_days' | 'header'
  | 'check_url' | 'carrier' | 'body' | 'label_at' | 'status_url' | 'id_at' | 'amount_at' | 'confirmed' | 'refused';
export interface FieldOf {
  readonly name: FieldName;
  readonly kind: FieldKind;
  readonly begins: Json;
  /** What is seldom changed stands behind a click. */
  readonly late: boolean;
  /** An empty text means that there is none. */
  readonly empty: boolean;
}

const field = (name: FieldName, begins: Json, more: Partial<FieldOf> = {}): FieldOf => ({ name, begins, kind: 'text', late: true, empty: false, ...more });

export const FIELDS: Readonly<Record<PortKind, readonly FieldOf[]>> = {
  tracking: [
    field('url', 'https://', { late: false, empty: true }),
    field('every_h', 6, { kind: 'number', late: false }),
    field('stuck_after_days', 5, { kind: 'number', late: false }),
    field('header', 'Authorization'),
    field('scans_at', '/events'),
    field('number_at', '/tracking_number'),
    field('status_at', '/status'),
    field('time_at', '/at'),
    field('place_at', '/place'),
    field('words', {}, { kind: 'words' }),
  ],
  label: [
    field('url', 'https://', { late: false }),
    field('carrier', '', { late: false }),
    field('check_url', '', { late: false, empty: true }),
    field('header', 'Authorization'),
    field('body', { reference: '{reference}', order: '{order_number}', from: '{buyer_name}', to: '{address}' }, { kind: 'json' }),
    field('number_at', '/tracking_number'),
    field('label_at', '/label'),
  ],
  refund: [
    field('url', 'https://', { late: false }),
    field('status_url', '', { late: false, empty: true }),
    field('header', 'Authorization'),
    field('body', { reference: '{reference}', order: '{order_number}', amount: '{amount_minor}', currency: '{currency}' }, { kind: 'json' }),
    field('id_at', '/id'),
    field('status_at', '/status'),
    field('amount_at', '', { empty: true }),
    field('confirmed', ['succeeded', 'completed', 'confirmed', 'refunded'], { kind: 'list' }),
    field('refused', ['failed', 'refused', 'rejected', 'canceled', 'cancelled'], { kind: 'list' }),
  ],
};
export const NAMES: Readonly<Record<PortKind, string>> = {
  tracking: '{tracking_number} {carrier}',
  label: '{reference} {order_number} {buyer_name} {address}',
  refund: '{reference} {order_number} {amount} {amount_minor} {currency} {kind}',
};

export function written(value: Json, kind: FieldKind): string {
  if (value === null) return '';
  if (kind === 'json') return JSON.stringify(value, null, 2);
  if (kind === 'list' && Array.isArray(value)) return value.join(', ');
  if (kind === 'words') return Object.entries(value as Setup).map(([theirs, ours]) => `${theirs} = ${String(ours)}`).join('\n');
  return String(value);
}

/** The value of what was written; undefined when it cannot be read. */
export function readField(text: string, of: FieldOf): Json | undefined {
  const given = text.trim();
  if (of.kind === 'number') return /^\d{1,3}$/.test(given) ? Number(given) : undefined;
  if (of.kind === 'list') return given.split(',').map((one) => one.trim()).filter(Boolean);
  if (of.kind === 'json') {
    try {
      const found = JSON.parse(given) as Json;
      return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : undefined;
    } catch {
      return undefined;
    }
  }
  if (of.kind === 'words') {
    const pairs = given.split('\n').filter((line) => line.trim()).map((line) => line.split('=').map((one) => one.trim()));
    return pairs.every((pair) => pair.length === 2 && pair[0] && pair[1]) ? Object.fromEntries(pairs as [string, string][]) : undefined;
  }
  return given === '' || given === 'https://' ? (of.empty ? null : given) : given;
}
