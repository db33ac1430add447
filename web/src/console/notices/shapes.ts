/** What the server tells of notices, and what follows from it; knows no page. */
export const KINDS = [
  'filed', 'answered', 'invited', 'reminder', 'appointment', 'appointment_reminder', 'appointment_missed', 'host_ready', 'message',
  'decided', 'label', 'shipped', 'received', 'refunded', 'sent_out', 'delivered', 'after_delivery', 'parcel_anomaly', 'receipt',
] as const;
export type NoticeKind = (typeof KINDS)[number];
export type NoticeState = 'waiting' | 'ordered' | 'sent' | 'failed' | 'suppressed';
export type NoticeReason = 'no_address' | 'opted_out' | 'switched_off' | 'over' | 'read' | 'erased' | 'refused' | 'gave_up' | 'no_server' | 'stopped';
export const MESSENGERS = ['whatsapp', 'line', 'webhook'] as const;
export type Messenger = (typeof MESSENGERS)[number];
export type ChannelKind = Messenger | 'email';

export interface Notice {
  readonly id: string;
  readonly case_id: string;
  readonly order_number: string;
  readonly buyer_name: string;
  readonly kind: NoticeKind;
  readonly channel: ChannelKind | null;
  readonly state: NoticeState;
  readonly reason: NoticeReason | null;
  /** What the other side said last. */
  readonly words: string | null;
  readonly created_at: string;
  readonly due_at: string | null;
  readonly sent_at: string | null;
}
/** A reminder that has not been written yet; takes the orders that a notice takes. */
export interface Planned {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly at: string;
}
export interface Unreached {
  readonly case_id: string;
  readonly order_number: string;
  readonly buyer_name: string;
  readonly kind: NoticeKind;
  readonly reason: NoticeReason | null;
  readonly words: string | null;
  readonly at: string;
}
export interface Quiet {
  readonly quiet_from: number;
  readonly quiet_until: number;
  readonly zone: string;
  readonly off: readonly NoticeKind[];
}
export interface Template {
  readonly kind: NoticeKind;
  readonly locale: string;
  readonly subject: string;
  readonly body: string;
  readonly button: string;
  readonly own: boolean;
  readonly placeholders: readonly string[];
}
export interface Preview {
  readonly subject: string;
  readonly text: string;
  readonly empty: readonly string[];
}
export interface Channel {
  readonly id: string;
  readonly kind: Messenger;
  readonly enabled: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly hook_path: string;
}
export interface Channels {
  readonly items: readonly Channel[];
  readonly email: { readonly ready: boolean; readonly sender: string | null; readonly takes_answers: boolean };
}
export interface Tried {
  readonly came: 'sent' | 'later' | 'never';
  readonly words: string;
}
export interface Contact {
  readonly kind: Messenger;
  readonly address: string;
}

/** What an account is set up with: in the open, and what is never told again. */
export type OptionName = 'base_url' | 'phone_number_id' | 'template';
export type SecretName = 'access_token' | 'app_secret' | 'verify_token' | 'channel_secret' | 'secret';
export interface AccountForm {
  readonly options: readonly OptionName[];
  readonly secrets: readonly SecretName[];
  /** The provider's own address, which hardly anybody changes; empty where the seller names it. */
  readonly url: string;
}
export const ACCOUNTS: Readonly<Record<Messenger, AccountForm>> = {
  whatsapp: { options: ['phone_number_id', 'template'], secrets: ['access_token', 'app_secret', 'verify_token'], url: 'https://graph.facebook.com/v23.0' },
  line: { options: [], secrets: ['access_token', 'channel_secret'], url: 'https://api.line.me' },
  webhook: { options: [], secrets: ['secret'], url: '' },
};

/** The body that sets an account up: a secret that is left empty stays as it is. */
export function accountBody(kind: Messenger, enabled: boolean, options: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): Record<string, string | boolean> {
  const filled = Object.entries(secrets).map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value !== '');
  const open = Object.entries(options).map(([name, value]) => [name, value.trim()] as const);
  return { kind, enabled, ...Object.fromEntries(open), ...Object.fromEntries(filled) };
}

/** A secret as Standard Webhooks writes it. */
export function hookSecret(bytes: Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/** Minutes of a day as a clock shows them, and back; undefined for what is no time. */
export function clockOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
export function minutesOf(clock: string): number | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d)(:\d\d)?$/.exec(clock);
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined;
}

/** Names in braces that this notice does not know, each once. */
export function unknownNames(text: string, known: readonly string[]): string[] {
  const names = [...text.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
  return [...new Set(names)].filter((name) => !known.includes(name));
}

/** Put a name in braces where the caret is; gives the text and where the caret goes. */
export function withName(text: string, name: string, from: number, to: number): { readonly text: string; readonly caret: number } {
  const put = `{${name}}`;
  return { text: text.slice(0, from) + put + text.slice(to), caret: from + put.length };
}

/** Whether something is about to happen with it: then it is worth looking again soon. */
export function isMoving(notice: Notice, nowMs: number): boolean {
  if (notice.state === 'ordered') return true;
  return notice.state === 'waiting' && notice.due_at !== null && Date.parse(notice.due_at) <= nowMs + 60_000;
}

export const maySendAgain = (notice: Notice): boolean => (notice.state === 'failed' || notice.state === 'suppressed') && notice.reason !== 'erased';
export const maySendNow = (notice: Notice, nowMs: number): boolean => notice.state === 'waiting' && !isMoving(notice, nowMs);
export const mayStop = (notice: Notice): boolean => notice.state === 'waiting';

/** A first page that was read again, over what is shown: news in front, the rest where it was. */
export function merged(shown: readonly Notice[], fresh: readonly Notice[]): Notice[] {
  const newest = new Map(fresh.map((one) => [one.id, one]));
  const known = new Set(shown.map((one) => one.id));
  return [...fresh.filter((one) => !known.has(one.id)), ...shown.map((one) => newest.get(one.id) ?? one)];
}

export function withSwitch(off: readonly NoticeKind[], kind: NoticeKind, on: boolean): NoticeKind[] {
  return KINDS.filter((one) => (one === kind ? !on : off.includes(one)));
}
