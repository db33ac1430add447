/** Times as people read them, and the server's clock as this device knows it. */
import { signal } from '@preact/signals';
import { locale } from './text';

/** Milliseconds that the server's clock is ahead of this device's, to within half a second. */
export const serverAheadMs = signal(0);
let bestErrorMs = Infinity;

/** Learn from one answer: `date` is its Date header, the times are this device's before and after. */
export function learnServerTime(date: string | null, sentMs: number, receivedMs: number): void {
  const serverMs = date ? Date.parse(date) : NaN;
  if (Number.isNaN(serverMs)) return;
  // The header has whole seconds: half a second is added, and half the way there and back is the error.
  const errorMs = 500 + (receivedMs - sentMs) / 2;
  if (errorMs > bestErrorMs + 200) return;
  bestErrorMs = Math.min(bestErrorMs, errorMs);
  const aheadMs = serverMs + 500 - (sentMs + receivedMs) / 2;
  // Within the error there is nothing to correct; a steady clock beats a jumping one.
  if (Math.abs(aheadMs - serverAheadMs.peek()) > errorMs) serverAheadMs.value = aheadMs;
}

/** The server's wall clock now, in milliseconds since the Unix epoch. */
export function serverNowMs(): number {
  return Date.now() + serverAheadMs.peek();
}

/** This device's time, ticking once a second while somebody looks. */
export const nowMs = signal(Date.now());
if (typeof window !== 'undefined') {
  setInterval(() => {
    if (document.visibilityState === 'visible') nowMs.value = Date.now();
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
