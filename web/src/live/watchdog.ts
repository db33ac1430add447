/** Says when a media path has gone silent, from counters sampled about twice a second: pure. */

export interface PathSample {
  nowMs: number;
  /** Everything that has arrived on the path: media, its control packets, consent answers. */
  arrived: number;
  /** Whether the other end must be sending something all the time. */
  expectsTraffic: boolean;
  /** Video frames decoded so far, and whether the other person's camera should be seen. */
  framesDecoded: number;
  expectsFrames: boolean;
}

export interface PathState {
  /** Nothing has arrived for a moment: prepare a fresh peer connection beside this one. */
  doubt: boolean;
  /** Nothing at all has arrived for too long: the person is told. */
  silent: boolean;
  /** The path lives, the picture stands still. */
  frozen: boolean;
}

export const DOUBT_MS = 1_200;
/** After the device has changed its network there is less to wait for. */
export const SUSPECT_MS = 500;
const SUSPECT_FOR_MS = 5_000;
export const SILENCE_MS = 2_000;
/** With nothing sent either way only consent checks arrive, every 5 s or so. */
export const IDLE_SILENCE_MS = 12_000;
export const FROZEN_MS = 2_000;
/** A page that slept did not watch: what it missed is no silence. */
const SLEPT_MS = 1_900;

export class Watchdog {
  private arrived = -1;
  private arrivedMs = 0;
  private frames = -1;
  private framesMs = 0;
  private lastMs = 0;
  private suspectUntilMs = 0;

  /** The device has another network now, perhaps. */
  suspect(nowMs: number): void {
    this.suspectUntilMs = nowMs + SUSPECT_FOR_MS;
  }

  step(sample: PathSample): PathState {
    const { nowMs } = sample;
    if (nowMs - this.lastMs > SLEPT_MS || nowMs < this.lastMs) {
      this.arrivedMs = nowMs;
      this.framesMs = nowMs;
    }
    this.lastMs = nowMs;
    if (sample.arrived !== this.arrived) {
      this.arrived = sample.arrived;
      this.arrivedMs = nowMs;
    }
    if (sample.framesDecoded !== this.frames || !sample.expectsFrames) {
      this.frames = sample.framesDecoded;
      this.framesMs = nowMs;
    }
    const silentMs = nowMs - this.arrivedMs;
    const doubtMs = nowMs < this.suspectUntilMs ? SUSPECT_MS : DOUBT_MS;
    return {
      doubt: silentMs >= (sample.expectsTraffic ? doubtMs : IDLE_SILENCE_MS),
      silent: silentMs >= (sample.expectsTraffic ? SILENCE_MS : IDLE_SILENCE_MS),
      frozen: nowMs - this.framesMs >= FROZEN_MS,
    };
  }
}
