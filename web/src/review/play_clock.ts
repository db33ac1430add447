/** The one clock of a replay, as values: pure, the caller brings the time. */

export interface PlayClock {
  readonly startMs: number;
  readonly endMs: number;
  readonly anchorWallMs: number;
  readonly anchorNowMs: number;
  readonly speed: number;
  /** What the person wants. */
  readonly playing: boolean;
  /** A picture is not ready: the clock waits for it, so that both stay together. */
  readonly held: boolean;
}

export const SPEEDS: readonly number[] = [0.5, 1, 1.5, 2, 3, 4];

export function newClock(startMs: number, endMs: number): PlayClock {
  const end = Math.max(startMs, endMs);
  return { startMs, endMs: end, anchorWallMs: startMs, anchorNowMs: 0, speed: 1, playing: false, held: false };
}

export function at(clock: PlayClock, nowMs: number): number {
  const moving = clock.playing && !clock.held;
  const raw = moving ? clock.anchorWallMs + (nowMs - clock.anchorNowMs) * clock.speed : clock.anchorWallMs;
  return Math.min(clock.endMs, Math.max(clock.startMs, raw));
}

function anchored(clock: PlayClock, nowMs: number): PlayClock {
  return { ...clock, anchorWallMs: at(clock, nowMs), anchorNowMs: nowMs };
}

/** Play; from the beginning when the end was reached. */
export function play(clock: PlayClock, nowMs: number): PlayClock {
  const here = anchored(clock, nowMs);
  const wallMs = here.anchorWallMs >= here.endMs ? here.startMs : here.anchorWallMs;
  return { ...here, anchorWallMs: wallMs, playing: true, held: false };
}

export function pause(clock: PlayClock, nowMs: number): PlayClock {
  return { ...anchored(clock, nowMs), playing: false, held: false };
}

export function seek(clock: PlayClock, wallMs: number, nowMs: number): PlayClock {
  const inside = Math.min(clock.endMs, Math.max(clock.startMs, wallMs));
  return { ...clock, anchorWallMs: inside, anchorNowMs: nowMs };
}

export function hold(clock: PlayClock, held: boolean, nowMs: number): PlayClock {
  return clock.held === held ? clock : { ...anchored(clock, nowMs), held };
}

export function withSpeed(clock: PlayClock, speed: number, nowMs: number): PlayClock {
  return { ...anchored(clock, nowMs), speed };
}

export function withEnd(clock: PlayClock, endMs: number, nowMs: number): PlayClock {
  return { ...anchored(clock, nowMs), endMs: Math.max(clock.startMs, endMs) };
}

/** The next speed up (+1) or down (−1). */
export function nextSpeed(speed: number, direction: 1 | -1): number {
  const faster = SPEEDS.filter((s) => s > speed);
  const slower = SPEEDS.filter((s) => s < speed);
  return (direction === 1 ? faster[0] : slower[slower.length - 1]) ?? speed;
}
