/** What this browser's own figures allow it to send, under what the server asks for: pure. */
import { RUNGS, rungFor, type Rung } from './rungs';

export interface SendFigures {
  nowMs: number;
  /** What the browser's own estimator gives for the whole uplink; null where it has none. */
  availableBps: number | null;
  /** The share lost on the way to the server, as its reports say; null when unknown. */
  loss: number | null;
  /** The device cannot encode what it is asked for. */
  tooSlow: boolean;
  /** Whether the server says what to send; without it we judge by loss as well. */
  advised: boolean;
}

const DOWN_AFTER_MS = 1_000;
const CLIMB_AFTER_MS = 4_000;
const CLIMB_AFTER_MAX_MS = 64_000;
const FAILED_WITHIN_MS = 8_000;
const SLOW_AFTER_MS = 4_000;
const SLOW_FOR_MS = 60_000;
const BAD_LOSS = 0.1;
const GOOD_LOSS = 0.07;

/**
 * Falls to what the estimate carries after a second of too little (at once when it is less
 * than half), climbs one rung after four good seconds; a failed climb doubles the wait.
 */
export class OwnLadder {
  private index: number;
  private tightSinceMs: number | null = null;
  private roomSinceMs: number | null = null;
  private slowSinceMs: number | null = null;
  private slowUntilMs = 0;
  private slowIndex = RUNGS.length - 1;
  private climbedMs: number | null = null;
  private climbAfterMs = CLIMB_AFTER_MS;

  constructor(start: Rung) {
    this.index = RUNGS.indexOf(start);
  }

  get rung(): Rung {
    return RUNGS[this.index] ?? RUNGS[0];
  }

  /** Another path: what was learnt of the old one's failures says nothing. */
  restart(): void {
    this.tightSinceMs = this.roomSinceMs = this.climbedMs = null;
    this.climbAfterMs = CLIMB_AFTER_MS;
  }

  step(figures: SendFigures): Rung {
    const { nowMs } = figures;
    if (this.climbedMs !== null && nowMs - this.climbedMs > FAILED_WITHIN_MS) {
      this.climbedMs = null;
      this.climbAfterMs = CLIMB_AFTER_MS;
    }
    const { tight, severe, room } = this.judge(figures);
    this.tightSinceMs = tight ? (this.tightSinceMs ?? nowMs) : null;
    this.roomSinceMs = room ? (this.roomSinceMs ?? nowMs) : null;
    if (this.tightSinceMs !== null && (severe || nowMs - this.tightSinceMs >= DOWN_AFTER_MS)) {
      this.fall(figures);
    } else if (this.roomSinceMs !== null && nowMs - this.roomSinceMs >= this.climbAfterMs && this.index < RUNGS.length - 1) {
      this.index += 1;
      this.climbedMs = this.roomSinceMs = nowMs;
    }
    this.mindSlowness(figures);
    return RUNGS[Math.min(this.index, nowMs < this.slowUntilMs ? this.slowIndex : this.index)] ?? this.rung;
  }

  private judge({ availableBps, loss, advised }: SendFigures): { tight: boolean; severe: boolean; room: boolean } {
    const next = RUNGS[this.index + 1];
    const lossy = !advised && loss !== null && loss > BAD_LOSS;
    if (availableBps === null) {
      // Nothing but the server's word, or the losses that it reports.
      return { tight: lossy && this.index > 0, severe: false, room: next !== undefined && (advised || (loss !== null && loss < GOOD_LOSS)) };
    }
    const { needBps, maxBitrateBps } = this.rung;
    const tight = availableBps < 0.9 * needBps;
    // While less is sent than could be, the estimate rises to twice that and no further.
    const room = next !== undefined && (availableBps >= 1.15 * next.needBps || availableBps >= 1.6 * maxBitrateBps);
    return { tight: tight || (lossy && this.index > 0), severe: availableBps < 0.5 * needBps, room: room && !lossy };
  }

  private fall({ availableBps }: SendFigures): void {
    const carried = availableBps === null ? this.index - 1 : RUNGS.indexOf(rungFor(availableBps));
    this.index = Math.max(0, Math.min(this.index - 1, carried));
    this.tightSinceMs = this.roomSinceMs = null;
    if (this.climbedMs !== null) {
      this.climbAfterMs = Math.min(CLIMB_AFTER_MAX_MS, 2 * this.climbAfterMs);
      this.climbedMs = null;
    }
  }

  /** A warm phone that cannot keep up gets one rung less for a minute. */
  private mindSlowness({ tooSlow, nowMs }: SendFigures): void {
    this.slowSinceMs = tooSlow ? (this.slowSinceMs ?? nowMs) : null;
    if (this.slowSinceMs === null || nowMs - this.slowSinceMs < SLOW_AFTER_MS) return;
    const before = nowMs < this.slowUntilMs ? this.slowIndex : this.index;
    this.slowIndex = Math.max(0, Math.min(before, this.index) - 1);
    this.slowUntilMs = nowMs + SLOW_FOR_MS;
    this.slowSinceMs = null;
  }
}
