/** When a fragment was, read from the very bytes that were hashed (`recorder/proof/moments.py`). */

const RATES = new Map([
  [1, 90_000n],
  [2, 48_000n],
]);
const RUN_FLAGS = 0x000701;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const MAX_MS = 2n ** 48n;

/** When the first and the last sample begin, in ms of recording time; null when the bytes do not say it. */
export function sampleMoments(container: string, bytes: Uint8Array): [number, number] | null {
  let times: bigint[];
  try {
    times = container === 'mp4' ? mp4Times(bytes) : webmTimes(bytes);
  } catch (error) {
    if (!(error instanceof NoMoment || error instanceof RangeError)) throw error;
    return null;
  }
  if (times.length === 0) return null;
  const [first, last] = times.reduce<[bigint, bigint]>(([least, most], time) => [time < least ? time : least, time > most ? time : most], [times[0]!, times[0]!]);
  return last > MAX_MS ? null : [Number(first), Number(last)];
}

class NoMoment extends Error {}

interface Box {
  kind: string;
  start: number;
  end: number;
}

function boxes(view: DataView, start: number, end: number): Box[] {
  const found: Box[] = [];
  while (start < end) {
    const size = view.getUint32(start);
    const kind = String.fromCharCode(...[4, 5, 6, 7].map((at) => view.getUint8(start + at)));
    if (size < 8 || start + size > end) throw new NoMoment();
    found.push({ kind, start: start + 8, end: start + size });
    start += size;
  }
  return found;
}

/** The first and the last sample's time of every run. */
function mp4Times(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return boxes(view, 0, bytes.length)
    .filter((box) => box.kind === 'moof')
    .flatMap((moof) => boxes(view, moof.start, moof.end))
    .filter((box) => box.kind === 'traf')
    .flatMap((traf) => runTimes(view, traf));
}

function runTimes(view: DataView, traf: Box): [bigint, bigint] {
  const found = new Map(boxes(view, traf.start, traf.end).map((box) => [box.kind, box.start]));
  const [tfhd, tfdt, trun] = [found.get('tfhd'), found.get('tfdt'), found.get('trun')];
  if (tfhd === undefined || tfdt === undefined || trun === undefined) throw new NoMoment();
  const rate = RATES.get(view.getUint32(tfhd + 4));
  let ticks = view.getBigUint64(tfdt + 4);
  const count = view.getUint32(trun + 4);
  if (rate === undefined || view.getUint8(tfdt) !== 1 || view.getUint32(trun) !== RUN_FLAGS || count === 0) throw new NoMoment();
  if (trun + 12 + 12 * count > traf.end) throw new NoMoment();
  const first = (ticks * 1000n) / rate;
  for (let at = 0; at < count - 1; at++) ticks += BigInt(view.getUint32(trun + 12 + 12 * at));
  return [first, (ticks * 1000n) / rate];
}

function webmTimes(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cluster = element(view, 0);
  if (cluster.kind !== CLUSTER || cluster.end !== bytes.length) throw new NoMoment();
  const times: bigint[] = [];
  let clusterMs: bigint | null = null;
  for (let at = cluster.start; at < cluster.end; ) {
    const { kind, start, end } = element(view, at);
    if (end > cluster.end) throw new NoMoment();
    if (kind === TIMESTAMP && end - start === 8) {
      clusterMs = view.getBigUint64(start);
    } else if (kind === SIMPLE_BLOCK) {
      const relativeMs = view.getInt16(start + 1);
      if (clusterMs === null || relativeMs < 0) throw new NoMoment();
      times.push(clusterMs + BigInt(relativeMs));
    }
    at = end;
  }
  return times;
}

/** An element's id, and where its content starts and ends. */
function element(view: DataView, at: number): { kind: number; start: number; end: number } {
  const idBytes = 1 + Math.clz32(view.getUint8(at)) - 24;
  if (idBytes > 4) throw new NoMoment();
  const kind = number(view, at, idBytes);
  at += idBytes;
  const sizeBytes = 1 + Math.clz32(view.getUint8(at)) - 24;
  if (sizeBytes > 8) throw new NoMoment();
  const marked = number(view, at, sizeBytes);
  const start = at + sizeBytes;
  return { kind: Number(kind), start, end: start + Number(marked ^ (1n << BigInt(7 * sizeBytes))) };
}

function number(view: DataView, at: number, bytes: number): bigint {
  let value = 0n;
  for (let index = 0; index < bytes; index++) value = (value << 8n) | BigInt(view.getUint8(at + index));
  return value;
}
