/** Times as people read them, and the server's clock as this device knows it. */
import { signal } from '@preact/signals';
import { locale } from './text';

/** Milliseconds that the server's clock is ahead of this device's: half a second's guess, exact in a call. */
export const serverAheadMs = signal(0);
/** What is known of it: how far it may be wrong, and when that was learnt (this device's time). */
let known = { errorMs: Infinity, exact: false, atMs: 0 };
/** Quartz runs off by less than this share of the time that passes. */
const DRIFT = 50e-6;
/** An exact sample rules for this long; the call's socket asks anew every minute. */
const EXACT_LASTS_MS = 150_000;

/** One question for the server's time: its answer and this device's times before and after, in ms. */
export interface TimeSample {
  serverMs: number;
  sentMs: number;
  receivedMs: number;
}

function learn(aheadMs: number, errorMs: number, exact: boolean, atMs: number): void {
  const grownMs = known.errorMs + Math.abs(atMs - known.atMs) * DRIFT;
  const offMs = Math.abs(aheadMs - serverAheadMs.peek());
  // A worse sample says nothing new, unless one of the two clocks was set meanwhile.
  if (errorMs >= grownMs && offMs <= errorMs + grownMs) return;
  known = { errorMs, exact, atMs };
  // Within the error of a guess there is nothing to correct; a steady clock beats a jumping one.
  if (exact || offMs > errorMs) serverAheadMs.value = aheadMs;
}

/** Learn from any answer: `date` is its Date header, the times are this device's before and after. */
export function learnServerTime(date: string | null, sentMs: number, receivedMs: number): void {
  const serverMs = date ? Date.parse(date) : NaN;
  if (Number.isNaN(serverMs)) return;
  // The header may be a proxy's, and has whole seconds: it is silent while the server itself has told.
  if (known.exact && Math.abs(receivedMs - known.atMs) < EXACT_LASTS_MS) return;
  learn(serverMs + 500 - (sentMs + receivedMs) / 2, 500 + (receivedMs - sentMs) / 2, false, receivedMs);
}

/** Learn from several questions: the quickest answer is wrong by half its way there and back at most. */
export function learnServerClock(samples: readonly TimeSample[]): void {
  const quickest = [...samples].sort((a, b) => a.receivedMs - a.sentMs - (b.receivedMs - b.sentMs))[0];
  if (!quickest) return;
  const { serverMs, sentMs, receivedMs } = quickest;
  const errorMs = Math.max(0.5, (receivedMs - sentMs) / 2);
  wayMs = errorMs;
  learn(serverMs - (sentMs + receivedMs) / 2, errorMs, true, receivedMs);
}

/** How long a packet is on its way from the server, about. */
let wayMs = 0;

/** When a frame that arrived here `ageMs` ago was at the server, by the server's clock, in ms. */
export function serverTimeOfFrameMs(ageMs: number | null): number {
  return ageMs === null ? serverNowMs() : serverNowMs() - ageMs - wayMs;
}

/** The server's wall clock now, in milliseconds since the Unix epoch. */
export function serverNowMs(): number {
  return Date.now() + serverAheadMs.peek();
}

/** The server's time, ticking once a second while somebody looks: what it is compared with is the server's, too. */
export const nowMs = signal(Date.now());
if (typeof window !== 'undefined') {
  setInterval(() => {
    if (document.visibilityState === 'visible') nowMs.value = serverNowMs();
  }, 1000);
}

/** `4:12`, `1:04:12`: a length of time on a clock. */
export function clockLength(durationMs: number): string {
  const total = Math.max(0, Math.floor(durationMs / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${two(minutes)}:${two(total % 60)}`;
}

/** `3 minutes`, `40 seconds`: a rough wait, in the shown language. */
export function waitLength(seconds: number, tag: string = locale.value): string {
  const unit = seconds < 50 ? 'second' : seconds < 5400 ? 'minute' : 'hour';
  const amount = unit === 'second' ? Math.max(10, Math.ceil(seconds / 10) * 10) : Math.round(seconds / (unit === 'minute' ? 60 : 3600));
  return new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.max(1, amount));
}

/** `2 minutes ago`, `yesterday`, against `now`. */
export function ago(time: string | number, now: number = nowMs.value, tag: string = locale.value): string {
  const seconds = ((typeof time === 'string' ? Date.parse(time) : time) - now) / 1000;
  const words = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 45) return words.format(0, 'second');
  if (size < 3600) return words.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return words.format(Math.round(seconds / 3600), 'hour');
  return words.format(Math.round(seconds / 86_400), 'day');
}

/** `07:41` where this person is; `seconds` adds them. */
export function clockTime(time: string | number, seconds = false, tag: string = locale.value): string {
  return new Intl.DateTimeFormat(tag, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
  }).format(new Date(time));
}

/** `21 Nov 2026`. */
export function shortDate(time: string | number, tag: string = locale.value): string {
  return new Intl.DateTimeFormat(tag, { dateStyle: 'medium' }).format(new Date(time));
}

/** `21 Nov 2026, 07:41`. */
export function dateAndTime(time: string | number, tag: string = locale.value): string {
  return new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

/** `07:41:12.480 UTC`: the wall clock of evidence. */
export function evidenceTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(11, 23)} UTC`;
}

/** An amount of money as the language writes it. */
export function money(amount: string | number, currency: string, tag: string = locale.value): string {
  try {
    return new Intl.NumberFormat(tag, { style: 'currency', currency }).format(Number(amount));
  } catch {
    return `${amount} ${currency}`;
  }
}

/** A language tag as a word: `es` → `Spanish`. */
export function languageName(code: string, tag: string = locale.value): string {
  try {
    return new Intl.DisplayNames([tag], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
