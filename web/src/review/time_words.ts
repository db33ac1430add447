/** Times of evidence in words: always with date or zone where they stand alone. */
import { locale } from '../base/text';
import { clockLength } from '../base/time';

const two = (value: number): string => String(value).padStart(2, '0');

/** `07:41:12.480`, UTC. */
export function wallTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(11, 23);
}

/** `07:41:12`, UTC. */
export function wallSeconds(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(11, 19);
}

/** `21 Nov 2026` of the UTC day. */
export function wallDate(wallMs: number): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeZone: 'UTC' }).format(wallMs);
}

/** `08:41:12 GMT+1`: the same moment where the reviewer sits. */
export function localTime(wallMs: number): string {
  return new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false, timeZoneName: 'short' }).format(wallMs);
}

/** `04:08.4`: how far into the recording. */
export function position(ms: number): string {
  return `${clockLength(ms)}.${Math.floor((Math.max(0, ms) % 1000) / 100)}`;
}

/** `2.1 s`, `4 min 5 s`, `2 h 0 min`: how long a gap is. */
export function length(ms: number): string {
  if (ms < 60_000) {
    const value = new Intl.NumberFormat(locale.value, { maximumFractionDigits: ms < 10_000 ? 1 : 0 }).format(ms / 1000);
    return `${value} s`;
  }
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `01:04:12.480` of recording time. */
export function recordingTime(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  return `${two(Math.floor(whole / 3_600_000))}:${two(Math.floor(whole / 60_000) % 60)}:${two(Math.floor(whole / 1000) % 60)}.${String(whole % 1000).padStart(3, '0')}`;
}
