/** Figures as people read them. */
import type { Dimension } from './shapes';
import { locale } from '../../base/text';
import { languageName } from '../../base/time';
import { tf } from './text';

export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  return new Intl.NumberFormat(locale.value, { style: 'percent', maximumFractionDigits: 0 }).format(part / whole);
}

export function count(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value);
}

/** `3.5 hr`, `2.1 days`, `40 min`. */
export function duration(seconds: number | null): string | null {
  if (seconds === null) return null;
  const [amount, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : seconds < 172_800 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day'];
  return new Intl.NumberFormat(locale.value, { style: 'unit', unit: String(unit), unitDisplay: 'short', maximumFractionDigits: Number(amount) < 10 && unit !== 'second' ? 1 : 0 }).format(Number(amount));
}

const WORDED: ReadonlySet<Dimension> = new Set(['reason', 'outcome', 'state', 'liability']);
const anyKey = tf as (key: string) => string;

/** A value of a dimension in words; what the seller named itself, or is newer than this page, stays as it is. */
export function valueWords(by: Dimension, value: string | null): string {
  if (value === null) return tf('fig.unknown');
  if (by === 'language') return languageName(value);
  if (!WORDED.has(by)) return value;
  const key = `${by}.${value}`;
  const words = anyKey(key);
  return words === key ? value.replace(/_/g, ' ') : words;
}
