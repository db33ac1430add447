/** The one form in which a package is a ZIP: every header is made again and compared (`recorder/proof/zip_form.py`). */
import { joined, utf8 } from './encoding';

const MAX_ENTRIES = 20_000;
const MAX_NAME_BYTES = 300;
const LIMIT = 0xffffffff;
const UTF8_NAMES = 0x0800;
const DATE = 0x0021;
const MADE_BY = 0x032d;
const FILE_MODE = (0o100644 << 16) >>> 0;
const END_BYTES = 22;
const END64_BYTES = 76;
const CENTRAL_BYTES = 46;

/** Random access to the package. */
export interface Content {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface Entry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Where its header begins, its bytes begin, its bytes end. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** Not a ZIP of this form; `at` is about the byte that shows it. */
export class BadZip extends Error {
  constructor(readonly at: number) {
    super(`not in the form of a package at byte ${at}`);
  }
}

type Field = [bytes: 2 | 4 | 8, value: number];

function packed(...fields: Field[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((total, [bytes]) => total + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

function isPlainName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_BYTES && name.split('/').every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part));
}

function localHeader(name: string, size: number, crc: number): Uint8Array<ArrayBuffer> {
  const encoded = utf8(name);
  const big = size >= LIMIT;
  const extra = big ? packed([2, 1], [2, 16], [8, size], [8, size]) : new Uint8Array();
  const shown = big ? LIMIT : size;
  const head = packed([4, 0x04034b50], [2, big ? 45 : 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, crc], [4, shown], [4, shown], [2, encoded.length], [2, extra.length]);
  return joined(head, encoded, extra);
}

function centralHeader(entry: Entry): Uint8Array<ArrayBuffer> {
  const encoded = utf8(entry.name);
  const big = entry.size >= LIMIT;
  const far = entry.offset >= LIMIT;
  const fields: Field[] = [...(big ? ([[8, entry.size], [8, entry.size]] as Field[]) : []), ...(far ? ([[8, entry.offset]] as Field[]) : [])];
  const extra = fields.length > 0 ? packed([2, 1], [2, 8 * fields.length], ...fields) : new Uint8Array();
  const shown = big ? LIMIT : entry.size;
  const head = packed(
    [4, 0x02014b50], [2, MADE_BY], [2, fields.length > 0 ? 45 : 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, entry.crc], [4, shown], [4, shown],
    [2, encoded.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, FILE_MODE], [4, far ? LIMIT : entry.offset],
  );
  return joined(head, encoded, extra);
}

function directory(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const central = joined(...entries.map(centralHeader));
  const start = entries.at(-1)?.end ?? 0;
  const far =
    start >= LIMIT
      ? packed(
          [4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, entries.length], [8, entries.length], [8, central.length], [8, start],
          [4, 0x07064b50], [4, 0], [8, start + central.length], [4, 1],
        )
      : new Uint8Array();
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, central.length], [4, Math.min(start, LIMIT)], [2, 0]);
  return joined(central, far, end);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The entries of a package, every header compared with the one that it must be. */
export async function readEntries(content: Content): Promise<Entry[]> {
  const total = content.size;
  if (total < END_BYTES) throw new BadZip(0);
  const end = view(await content.read(total - END_BYTES, total));
  const count = end.getUint16(10, true);
  const centralBytes = end.getUint32(12, true);
  let start = end.getUint32(16, true);
  if (end.getUint32(0, true) !== 0x06054b50 || count > MAX_ENTRIES) throw new BadZip(total - END_BYTES);
  let behind = END_BYTES;
  if (start === LIMIT) {
    behind += END64_BYTES;
    if (total < behind) throw new BadZip(0);
    start = Number(view(await content.read(total - behind, total)).getBigUint64(48, true));
  }
  if (start + centralBytes + behind !== total) throw new BadZip(total - behind);
  if (centralBytes > count * (CENTRAL_BYTES + MAX_NAME_BYTES + 32)) throw new BadZip(total - behind);
  const tail = await content.read(start, total);
  const entries = centralEntries(tail, count, start);
  if (new Set(entries.map((entry) => entry.name)).size !== entries.length || !equal(directory(entries), tail)) throw new BadZip(start);
  let at = 0;
  for (const entry of entries) {
    const head = localHeader(entry.name, entry.size, entry.crc);
    if (entry.offset !== at || entry.end > start || !equal(await content.read(at, at + head.length), head)) throw new BadZip(at);
    at = entry.end;
  }
  if (at !== start) throw new BadZip(at);
  return entries;
}

function centralEntries(tail: Uint8Array<ArrayBuffer>, count: number, start: number): Entry[] {
  const seen = view(tail);
  const entries: Entry[] = [];
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (at + CENTRAL_BYTES > tail.length) throw new BadZip(start + at);
    const crc = seen.getUint32(at + 16, true);
    let size = seen.getUint32(at + 24, true);
    const nameBytes = seen.getUint16(at + 28, true);
    const extraBytes = seen.getUint16(at + 30, true);
    let offset = seen.getUint32(at + 42, true);
    const nameAt = at + CENTRAL_BYTES;
    const extraAt = nameAt + nameBytes;
    let fieldsAt = extraAt + 4;
    const wanted = (size === LIMIT ? 2 : 0) + (offset === LIMIT ? 1 : 0);
    if (extraBytes !== (wanted > 0 ? 4 + 8 * wanted : 0) || extraAt + extraBytes > tail.length) throw new BadZip(start + at);
    if (size === LIMIT) {
      size = Number(seen.getBigUint64(fieldsAt, true));
      fieldsAt += 16;
    }
    if (offset === LIMIT) offset = Number(seen.getBigUint64(fieldsAt, true));
    const name = String.fromCharCode(...tail.subarray(nameAt, extraAt));
    if (!isPlainName(name)) throw new BadZip(start + at);
    const from = offset + localHeader(name, size, crc).length;
    entries.push({ name, size, crc, offset, start: from, end: from + size });
    at = extraAt + extraBytes;
  }
  return entries;
}
