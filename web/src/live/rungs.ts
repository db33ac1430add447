/** The ladder of what a camera sends, as media/ladder.py has it: sharpness before motion. */

export type RungName = 'stills' | '720p2' | '720p5' | '720p15' | '1080p15';

export interface Rung {
  readonly name: RungName;
  /** The shorter side of the picture. */
  readonly maxHeight: number;
  readonly maxFramerate: number;
  /** Of the video alone. */
  readonly maxBitrateBps: number;
  /** Of the whole link, sound included, for the rung to be sharp. */
  readonly needBps: number;
  /** False where the picture is a row of stills. */
  readonly video: boolean;
}

const rung = (name: RungName, maxHeight: number, maxFramerate: number, maxBitrateBps: number, needBps: number): Rung => ({ name, maxHeight, maxFramerate, maxBitrateBps, needBps, video: name !== 'stills' });

/** From the least to the most. */
export const RUNGS: readonly [Rung, ...Rung[]] = [
  rung('stills', 720, 1, 120_000, 0),
  rung('720p2', 720, 2, 200_000, 150_000),
  rung('720p5', 720, 5, 280_000, 190_000),
  rung('720p15', 720, 15, 1_200_000, 500_000),
  rung('1080p15', 1080, 15, 2_500_000, 1_800_000),
];

/** The highest rung that a link of this rate carries. */
export function rungFor(bps: number): Rung {
  return RUNGS.reduce((best, one) => (one.needBps <= bps ? one : best), RUNGS[0]);
}

/** The rung of this name; one that we do not know (a newer server's) is none. */
export function rungOf(name: string): Rung | null {
  return RUNGS.find((one) => one.name === name) ?? null;
}

export const START: Rung = rungOf('720p15') ?? RUNGS[0];
