/** Tells speech from a room's noise by loudness alone: pure. */

export const SILENCE_DB = -100;
/** Speech stands this much above what the room has been like. */
const ABOVE_ROOM_DB = 12;
const AT_LEAST_DB = -45;
/** Within the last second, so many of its samples (taken ten times a second) must be loud. */
const WINDOW = 10;
const LOUD_ENOUGH = 5;
/** How fast the room is believed to have grown louder, per sample; quieter is believed at once. */
const RISE_DB = 0.15;

/** The loudness of a piece of sound in dB below full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const power = samples.length ? sum / samples.length : 0;
  return power > 1e-10 ? 10 * Math.log10(power) : SILENCE_DB;
}

/** A loudness as a share of a bar, 0 to 1: whispering shows a little, shouting fills it. */
export function barOf(levelDb: number): number {
  return Math.min(1, Math.max(0, (levelDb + 60) / 55));
}

export class SpeechDetector {
  private roomDb = -60;
  private recent: boolean[] = [];

  /** Whether the person is speaking, after one more sample. */
  step(levelDb: number): boolean {
    this.roomDb = levelDb < this.roomDb ? Math.max(levelDb, -80) : Math.min(this.roomDb + RISE_DB, levelDb);
    this.recent = [...this.recent, levelDb > AT_LEAST_DB && levelDb > this.roomDb + ABOVE_ROOM_DB].slice(-WINDOW);
    return this.recent.filter(Boolean).length >= LOUD_ENOUGH;
  }
}
