/** Bytes and texts in their one spelling: hex, base64url, canonical JSON (RFC 8785), SHA-256, CRC-32. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Thrown for whatever is not written in its one way. */
export class Malformed extends Error {}

const LONE_SURROGATE = /\p{Surrogate}/u;

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  let raw: string;
  try {
    raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw new Malformed('not base64url');
  }
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (toBase64url(bytes) !== text) throw new Malformed('not base64url in its one spelling');
  return bytes;
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed('not UTF-8');
  }
}

/** A value as RFC 8785 writes it; integers that JSON cannot carry safely are refused. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.keys(value).sort().map((name) => `${canonical(name)}:${canonical(value[name] as Json)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'string' && LONE_SURROGATE.test(value)) throw new Malformed('not Unicode text');
  const text = JSON.stringify(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(text)) throw new Malformed('not a safe integer');
  return text;
}

/** The value of a JSON text that is written canonically. */
export function parseCanonical(bytes: Uint8Array): Json {
  const text = fromUtf8(bytes);
  let value: Json;
  let again: string;
  try {
    value = JSON.parse(text) as Json;
    again = canonical(value);
  } catch {
    throw new Malformed('not canonical JSON');
  }
  if (again !== text) throw new Malformed('not canonical JSON');
  return value;
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(await sha256(bytes));
}

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Eight tables, so that eight bytes go in at once. */
const TABLES = (() => {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  const first = tables[0] as Uint32Array;
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    first[value] = crc;
  }
  for (let level = 1; level < 8; level++) {
    const before = tables[level - 1] as Uint32Array;
    const table = tables[level] as Uint32Array;
    for (let value = 0; value < 256; value++) {
      const crc = before[value] as number;
      table[value] = (crc >>> 8) ^ (first[crc & 255] as number);
    }
  }
  return tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
})();

/** CRC-32 as ZIP has it; `before` is that of what came first. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t7[crc & 255]! ^ t6[(crc >>> 8) & 255]! ^ t5[(crc >>> 16) & 255]! ^ t4[crc >>> 24]! ^
      t3[bytes[at + 4]!]! ^ t2[bytes[at + 5]!]! ^ t1[bytes[at + 6]!]! ^ t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}

/** A checksum over parts that come one after another. */
export function crc32OfParts(): { add(bytes: Uint8Array): void; value(): number } {
  let crc = 0;
  return { add: (bytes) => void (crc = crc32(bytes, crc)), value: () => crc };
}
