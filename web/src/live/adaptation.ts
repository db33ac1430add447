/** Shapes what this browser sends: the server's advice, and under it what its own figures allow. */
import { signal } from '@preact/signals';
import type { Advice } from '../base/protocol/connection';
import type { Snapshot } from '../base/protocol/session';
import { OwnLadder, type SendFigures } from './own_ladder';
import type { Peer } from './peer';
import { RUNGS, rungOf, START, type Rung } from './rungs';
import { pictureHeightOf, setShape, videoTrackOf, type Shape } from './shape';

const SAMPLE_MS = 1_000;
/** The server repeats its advice every two seconds; older than this, the browser is on its own. */
const ADVICE_LIMIT_MS = 7_000;
/** A camera is asked for fewer pixels only when it has long been a waste of heat. */
const SHRINK_AFTER_MS = 15_000;
const SOUND_BPS = 32_000;

/** How much there is to see of somebody: goods deserve all, a face no more than the start. */
export function mostFor(role: Snapshot['you']['role'], direction: Snapshot['direction']): Rung {
  const shows = direction === 'warehouse_shows' ? role === 'host' : role === 'buyer';
  return shows ? (RUNGS[RUNGS.length - 1] ?? START) : START;
}

export class Adaptation {
  /** What is sent now. */
  readonly rung = signal<Rung>(START);
  private peer: Peer | null = null;
  private ladder = new OwnLadder(START);
  private advice: Advice | null = null;
  private advisedMs = 0;
  private readonly most: Rung;
  private readonly timer: ReturnType<typeof setInterval>;
  private applied = '';
  private shaping: Promise<void> = Promise.resolve();
  private wideSinceMs: number | null = null;
  private wide: MediaStreamTrack | null = null;
  private closed = false;

  /** `most` bounds it: whoever does not show the goods needs no more than a face. */
  constructor(most: Rung) {
    this.most = most;
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS);
  }

  /** Send this way from now on. */
  use(peer: Peer | null): void {
    if (peer === this.peer) return;
    this.peer = peer;
    this.applied = '';
    this.ladder.restart();
    this.apply();
  }

  /** What the server asks for, at once on a change and again with every measurement. */
  advise(advice: Advice): void {
    this.advice = advice;
    this.advisedMs = Date.now();
    this.apply();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
  }

  private get advised(): boolean {
    return this.advice !== null && Date.now() - this.advisedMs < ADVICE_LIMIT_MS;
  }

  private own: Rung = START;

  private async sample(): Promise<void> {
    const peer = this.peer;
    if (!peer || this.closed) return;
    const figures = await sendFigures(peer.pc);
    if (!figures || this.peer !== peer || this.closed) return;
    this.own = this.ladder.step({ ...figures, nowMs: Date.now(), advised: this.advised });
    this.apply();
  }

  private apply(): void {
    const peer = this.peer;
    if (!peer || this.closed) return;
    const shape = this.shape();
    this.rung.value = shape.rung;
    void this.fitCamera(peer, shape);
    // The camera may have turned or been exchanged: the scale follows its picture.
    const key = JSON.stringify([shape, pictureHeightOf(peer.pc)]);
    if (key === this.applied) return;
    this.applied = key;
    // One after the other: parameters that were read before another change are refused.
    this.shaping = this.shaping.then(() => setShape(peer.pc, shape));
  }

  /** The least of the three in every respect. */
  private shape(): Shape & { rung: Rung } {
    const asked = this.advised ? this.advice : null;
    const known = asked ? (rungOf(asked.rung) ?? this.own) : this.own;
    const rung = RUNGS[Math.min(...[this.own, known, this.most].map((one) => RUNGS.indexOf(one)))] ?? RUNGS[0];
    return {
      rung,
      maxBitrateBps: Math.min(rung.maxBitrateBps, asked?.max_bitrate_bps ?? Infinity),
      maxFramerate: Math.min(rung.maxFramerate, asked?.max_framerate ?? Infinity),
      maxHeight: Math.min(rung.maxHeight, asked?.max_height ?? Infinity),
      // Below this Opus has no room for the copies that repair losses.
      soundBps: SOUND_BPS,
    };
  }

  /** Ask the camera itself for 1080 lines while they are sent. */
  private async fitCamera(peer: Peer, shape: Shape): Promise<void> {
    const track = videoTrackOf(peer.pc);
    if (!track?.applyConstraints) return;
    const wants = shape.maxHeight > 720;
    const nowMs = Date.now();
    if (wants) this.wideSinceMs = nowMs;
    const isWide = this.wide === track;
    const tired = !wants && isWide && nowMs - (this.wideSinceMs ?? 0) > SHRINK_AFTER_MS;
    if (wants === isWide || (!wants && !tired)) return;
    const least = Math.min(track.getCapabilities?.().height?.max ?? 0, track.getCapabilities?.().width?.max ?? 0);
    this.wide = wants ? track : null;
    if (wants && least < 1080) return;
    try {
      await track.applyConstraints(
        wants ? { width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 30, max: 30 } } : { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
      );
      this.applied = '';
    } catch {
      // The camera stays as it is; what is sent is scaled anyhow.
    }
  }
}

/** The fields of getStats that we read; browsers leave some out. */
interface StatsEntry {
  type: string;
  kind?: string;
  nominated?: boolean;
  state?: string;
  availableOutgoingBitrate?: number;
  fractionLost?: number;
  qualityLimitationReason?: string;
}

async function sendFigures(pc: RTCPeerConnection): Promise<Omit<SendFigures, 'nowMs' | 'advised'> | null> {
  try {
    let availableBps: number | null = null;
    let loss: number | null = null;
    let tooSlow = false;
    (await pc.getStats()).forEach((entry: StatsEntry) => {
      if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') availableBps = entry.availableOutgoingBitrate ?? availableBps;
      if (entry.type === 'remote-inbound-rtp' && entry.fractionLost !== undefined) loss = Math.max(loss ?? 0, entry.fractionLost);
      if (entry.type === 'outbound-rtp' && entry.kind === 'video') tooSlow = entry.qualityLimitationReason === 'cpu';
    });
    return { availableBps, loss, tooSlow };
  } catch {
    return null;
  }
}
