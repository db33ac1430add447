/** The part of DER (X.690) that time-stamps are written in: one spelling, bounded, strict (`recorder/proof/der.py`). */
import { fromUtf8, Malformed } from './encoding';

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BITS = 0x03;
export const OCTETS = 0x04;
export const OBJECT_ID = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

export type Bytes = Uint8Array<ArrayBuffer>;

/** One value: its tag's byte, what it holds, and both with the length between them. */
export class Value {
  constructor(
    readonly tag: number,
    readonly content: Bytes,
    readonly whole: Bytes,
  ) {}

  items(): Items {
    return new Items(this.content);
  }

  /** The whole value under another tag, as signed attributes are hashed. */
  asTag(tag: number): Bytes {
    const whole = this.whole.slice();
    whole[0] = tag;
    return whole;
  }
}

/** The values in some bytes, taken in order. */
export class Items {
  constructor(private rest: Bytes) {}

  get isEmpty(): boolean {
    return this.rest.length === 0;
  }

  take(tag: number): Value {
    if (this.rest[0] !== tag) throw new Malformed('another tag');
    return this.takeAny();
  }

  takeAny(): Value {
    const { rest } = this;
    if (rest.length < 2) throw new Malformed('cut short');
    const tag = rest[0] as number;
    if ((tag & 0x1f) === 0x1f) throw new Malformed('a tag of several bytes');
    let length = rest[1] as number;
    let start = 2;
    if (length >= 0x80) {
      const count = length - 0x80;
      start += count;
      if (count < 1 || count > 4 || rest.length < start) throw new Malformed('no definite length');
      length = rest.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
      if (length < 0x80 || length < 256 ** (count - 1)) throw new Malformed('not a shortest length');
    }
    const end = start + length;
    if (rest.length < end) throw new Malformed('cut short');
    this.rest = rest.subarray(end);
    return new Value(tag, rest.subarray(start, end), rest.subarray(0, end));
  }

  takeOptional(tag: number): Value | null {
    return this.rest[0] === tag ? this.take(tag) : null;
  }

  /** Insist that nothing follows. */
  end(): void {
    if (!this.isEmpty) throw new Malformed('something follows');
  }
}

/** The one value that the bytes are. */
export function readOnly(content: Bytes, tag: number): Value {
  const items = new Items(content);
  const value = items.take(tag);
  items.end();
  return value;
}

/** The bytes of an INTEGER in its shortest form. */
export function integerBytes(value: Value): Bytes {
  const [first, second] = value.content;
  if (first === undefined) throw new Malformed('no integer');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) throw new Malformed('not a shortest integer');
  return value.content;
}

/** An INTEGER that is small and not negative; any other is -1. */
export function smallInteger(value: Value): number {
  const bytes = integerBytes(value);
  return bytes.length === 1 && (bytes[0] as number) < 0x80 ? (bytes[0] as number) : -1;
}

/** An OBJECT IDENTIFIER in dotted form. */
export function objectId(value: Value): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...more] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...more].join('.');
}

/** A moment: milliseconds to compare by, and all its digits as ISO 8601 in UTC. */
export interface Moment {
  readonly ms: number;
  readonly text: string;
}

/** A GeneralizedTime in UTC, with a fraction or without (RFC 3161, section 2.4.2). */
export function readTime(value: Value): Moment {
  const text = fromUtf8(value.content);
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/.exec(text);
  if (!found) throw new Malformed('not a time in UTC');
  const [, year, month, day, hour, minute, second, fraction] = found as unknown as string[];
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0');
  const seconds = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${seconds}Z`);
  // A day that no month has is moved on by some: it must come back as it was.
  if (Number.isNaN(ms) || year === '0000' || !new Date(ms).toISOString().startsWith(seconds)) throw new Malformed('no such moment');
  return { ms: ms + Number(micros) / 1000, text: `${seconds}${Number(micros) === 0 ? '' : `.${micros}`}+00:00` };
}

/** A time in a certificate: UTCTime until 2049, GeneralizedTime after (RFC 5280, section 4.1.2.5). */
export function readCertificateTime(value: Value): Moment {
  if (value.tag === GENERALIZED_TIME) return readTime(value);
  if (value.tag !== UTC_TIME) throw new Malformed('no time');
  const text = fromUtf8(value.content);
  const century = Number(text.slice(0, 2)) >= 50 ? '19' : '20';
  return readTime(new Value(GENERALIZED_TIME, new TextEncoder().encode(century + text), value.whole));
}
