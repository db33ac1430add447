/** How the other person's picture goes, told to the server every ten seconds; loaded once the call is up. */
import type { PictureReport } from '../base/protocol/connection';

export const REPORT_EVERY_MS = 10_000;
const MOST_MS = 60_000;
const MOST_FREEZES = 1_000;
const MOST_FIRST_FRAME_MS = 120_000;

/** What a browser counts of one received video stream; `freezes` is missing where it does not. */
export interface StreamCounters {
  id: string;
  freezes: number | undefined;
  frozenS: number | undefined;
}

/** Turns counters that begin anew with every peer connection into what happened since the last look: pure. */
export class FreezeMeter {
  private known = new Map<string, { freezes: number; frozenS: number }>();

  /** Null where the browser does not count. */
  step(streams: readonly StreamCounters[]): { freezes: number; frozenMs: number } | null {
    let counts = false;
    let freezes = 0;
    let frozenS = 0;
    const now = new Map<string, { freezes: number; frozenS: number }>();
    for (const stream of streams) {
      if (stream.freezes === undefined || stream.frozenS === undefined) continue;
      counts = true;
      const before = this.known.get(stream.id) ?? { freezes: 0, frozenS: 0 };
      freezes += Math.max(0, stream.freezes - before.freezes);
      frozenS += Math.max(0, stream.frozenS - before.frozenS);
      now.set(stream.id, { freezes: stream.freezes, frozenS: stream.frozenS });
    }
    this.known = now;
    return counts ? { freezes, frozenMs: Math.round(frozenS * 1000) } : null;
  }
}

export interface ReportPorts {
  /** The statistics of the peer connection of now, null while there is none. */
  stats(): Promise<RTCStatsReport | null>;
  /** Whether the other person should be seen now. */
  expectsFrames(): boolean;
  /** From the tap to the first picture, once it is known. */
  firstFrameMs(): number | null;
  send(report: PictureReport): void;
}

/** Report until the function that is returned is called. */
export function reportPictures(ports: ReportPorts): () => void {
  const meter = new FreezeMeter();
  let lookedMs = Date.now();
  let firstTold = false;
  const look = async () => {
    const seen = meter.step(streamsOf(await ports.stats().catch(() => null)));
    const nowMs = Date.now();
    const passedMs = Math.min(MOST_MS, nowMs - lookedMs);
    lookedMs = nowMs;
    const firstMs = firstTold ? null : ports.firstFrameMs();
    if (firstMs !== null) firstTold = true;
    const watched = seen !== null && ports.expectsFrames() ? seen : null;
    if (!watched && firstMs === null) return;
    ports.send({
      watched_ms: watched ? passedMs : 0,
      frozen_ms: Math.min(watched?.frozenMs ?? 0, passedMs),
      freezes: Math.min(watched?.freezes ?? 0, MOST_FREEZES),
      first_frame_ms: firstMs === null ? null : Math.min(MOST_FIRST_FRAME_MS, Math.max(0, Math.round(firstMs))),
    });
  };
  const timer = setInterval(() => void look(), REPORT_EVERY_MS);
  return () => clearInterval(timer);
}

interface InboundEntry {
  id: string;
  type: string;
  kind?: string;
  mid?: string;
  freezeCount?: number;
  totalFreezesDuration?: number;
}

function streamsOf(stats: RTCStatsReport | null): StreamCounters[] {
  const found: StreamCounters[] = [];
  stats?.forEach((entry: InboundEntry & { ssrc?: number }) => {
    if (entry.type !== 'inbound-rtp' || entry.kind !== 'video' || (entry.mid !== undefined && entry.mid !== '1')) return;
    // The SSRC is another one with every peer connection, the entry's id may not be.
    found.push({ id: `${entry.id}/${entry.ssrc ?? 0}`, freezes: entry.freezeCount, frozenS: entry.totalFreezesDuration });
  });
  return found;
}
