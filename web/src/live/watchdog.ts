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
  /** Nothing at all has arrived for too long: make a fresh peer connection. */
  silent: boolean;
  /** The path lives, the picture stands still. */
  frozen: boolean;
}

export const SILENCE_MS = 2_000;
/** With nothing sent either way only consent checks arrive, every 5 s or so. */
export const IDLE_SILENCE_MS = 12_000;
export const FROZEN_MS = 2_000;

export class Watchdog {
  private arrived = -1;
  private arrivedMs = 0;
  private frames = -1;
  private framesMs = 0;
  private lastMs = 0;

  step(sample: PathSample): PathState {
    // A page that slept did not watch: what it missed is no silence.
    if (sample.nowMs - this.lastMs > 1_900) {
      this.arrivedMs = sample.nowMs;
      this.framesMs = sample.nowMs;
    }
    this.lastMs = sample.nowMs;
    if (sample.arrived !== this.arrived) {
      this.arrived = sample.arrived;
      this.arrivedMs = sample.nowMs;
    }
    if (sample.framesDecoded !== this.frames || !sample.expectsFrames) {
      this.frames = sample.framesDecoded;
      this.framesMs = sample.nowMs;
    }
    const limit = sample.expectsTraffic ? SILENCE_MS : IDLE_SILENCE_MS;
    return {
      silent: sample.nowMs - this.arrivedMs >= limit,
      frozen: sample.nowMs - this.framesMs >= FROZEN_MS,
    };
  }
}
