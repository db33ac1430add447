/** Where each recording stands on the session's one clock: pure, no DOM, no time source. */

/** A moment that is known on both clocks: [recording time, server wall clock], milliseconds. */
export type ClockPair = readonly [recordingMs: number, wallMs: number];

export interface Part {
  readonly recordingId: string;
  readonly url: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly clock: readonly ClockPair[];
}

export interface Gap {
  readonly recordingId: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: string;
}

/** Everything recorded of one participant, in order of time. */
export interface Lane {
  readonly participantId: string;
  readonly role: string;
  readonly name: string;
  /** Width by height of the picture, for the layout; 1 when nothing is known. */
  readonly aspect: number;
  readonly parts: readonly Part[];
  readonly gaps: readonly Gap[];
}

export type Shown =
  | { readonly kind: 'picture'; readonly part: Part; readonly recordingMs: number; readonly loss: Gap | null }
  | { readonly kind: 'gap'; readonly gap: Gap; readonly untilMs: number | null }
  | { readonly kind: 'absent'; readonly when: 'before' | 'between' | 'after'; readonly untilMs: number | null };

/** Lost packets rarely stop the picture: only a hole this long hides it. */
export const COVERING_LOSS_MS = 1000;

const CAUSES_WITH_PICTURE = new Set(['packet_loss', 'tap_overflow']);

/** Keep what rises strictly on both clocks; a mapping that runs backwards would not be one. */
export function soundClock(pairs: readonly ClockPair[]): readonly ClockPair[] {
  const sound: ClockPair[] = [];
  for (const pair of [...pairs].sort((a, b) => a[0] - b[0])) {
    const last = sound[sound.length - 1];
    if (last === undefined || (pair[0] > last[0] && pair[1] > last[1])) sound.push(pair);
  }
  return sound;
}

function interpolate(pairs: readonly ClockPair[], from: 0 | 1, to: 0 | 1, value: number): number | null {
  const first = pairs[0];
  const last = pairs[pairs.length - 1];
  if (first === undefined || last === undefined) return null;
  // Outside the known span both clocks run at the same speed.
  if (value <= first[from]) return first[to] + (value - first[from]);
  if (value >= last[from]) return last[to] + (value - last[from]);
  let low = 0;
  let high = pairs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const pair = pairs[middle];
    if (pair !== undefined && pair[from] <= value) low = middle;
    else high = middle;
  }
  const before = pairs[low] ?? first;
  const after = pairs[high] ?? last;
  const share = (value - before[from]) / (after[from] - before[from]);
  return before[to] + share * (after[to] - before[to]);
}

/** Server wall clock (ms) of a moment of the recording (ms). */
export function wallOf(part: Part, recordingMs: number): number {
  return interpolate(part.clock, 0, 1, recordingMs) ?? part.startMs + recordingMs;
}

/** Recording time (ms) of a moment of the server's wall clock (ms); may lie outside the recording. */
export function recordingOf(part: Part, wallMs: number): number {
  return interpolate(part.clock, 1, 0, wallMs) ?? wallMs - part.startMs;
}

export function endOf(part: Part): number {
  return wallOf(part, part.durationMs);
}

export function beginOf(part: Part): number {
  return wallOf(part, 0);
}

/** What belongs on a participant's screen at a moment of the wall clock. */
export function shownAt(lane: Lane, wallMs: number): Shown {
  const part = lastWhere(lane.parts, (p) => beginOf(p) <= wallMs && wallMs < endOf(p));
  const gap = lane.gaps.find((g) => g.fromMs <= wallMs && wallMs < g.toMs) ?? null;
  if (part !== null) {
    if (gap === null) return picture(part, wallMs, null);
    const keepsPicture = CAUSES_WITH_PICTURE.has(gap.cause) && gap.toMs - gap.fromMs < COVERING_LOSS_MS;
    return keepsPicture ? picture(part, wallMs, gap) : { kind: 'gap', gap, untilMs: nextPictureAfter(lane, gap.toMs) };
  }
  const untilMs = nextPictureAfter(lane, wallMs);
  if (gap !== null) return { kind: 'gap', gap, untilMs: nextPictureAfter(lane, gap.toMs) };
  const first = lane.parts[0];
  if (first === undefined || wallMs < beginOf(first)) return { kind: 'absent', when: 'before', untilMs };
  return { kind: 'absent', when: untilMs === null ? 'after' : 'between', untilMs };
}

function picture(part: Part, wallMs: number, loss: Gap | null): Shown {
  return { kind: 'picture', part, recordingMs: recordingOf(part, wallMs), loss };
}

/** The first moment at or after `wallMs` at which this participant has a picture, or null. */
export function nextPictureAfter(lane: Lane, wallMs: number): number | null {
  let at = wallMs;
  // Each round leaves one gap or one pause behind, so this ends.
  for (let round = 0; round <= lane.gaps.length + lane.parts.length + 1; round += 1) {
    const inside = lane.parts.some((p) => beginOf(p) <= at && at < endOf(p));
    if (!inside) {
      const next = lane.parts.find((p) => beginOf(p) > at);
      if (next === undefined) return null;
      at = beginOf(next);
    }
    const gap = lane.gaps.find(
      (g) => g.fromMs <= at && at < g.toMs && !(CAUSES_WITH_PICTURE.has(g.cause) && g.toMs - g.fromMs < COVERING_LOSS_MS),
    );
    if (gap === undefined) return at;
    at = gap.toMs;
  }
  return null;
}

/** Parts that should be loaded at this moment: the one shown and those that begin within `aheadMs`. */
export function partsNear(lane: Lane, wallMs: number, aheadMs: number): readonly Part[] {
  return lane.parts.filter((p) => endOf(p) > wallMs - 2000 && beginOf(p) < wallMs + aheadMs);
}

export type Correction =
  | { readonly kind: 'rate'; readonly rate: number }
  | { readonly kind: 'seek' };

/** Drift the eye does not see. */
export const DRIFT_HELD_MS = 25;
/** Beyond this a nudge would take too long. */
export const DRIFT_SEEK_MS = 400;

/**
 * How a playing picture that is `driftMs` ahead of the clock comes back to it:
 * by playing up to 8 % faster or slower, or by a seek when it is far off.
 */
export function correction(driftMs: number, speed: number): Correction {
  const size = Math.abs(driftMs);
  if (size <= DRIFT_HELD_MS * Math.max(1, speed)) return { kind: 'rate', rate: speed };
  if (size > DRIFT_SEEK_MS * Math.max(1, speed)) return { kind: 'seek' };
  const nudge = Math.min(0.08, size / 2000);
  const rate = speed * (driftMs > 0 ? 1 - nudge : 1 + nudge);
  return { kind: 'rate', rate: Math.round(rate * 1000) / 1000 };
}

/**
 * A cautious guess at the distance of two frames (ms) from the frames shown lately;
 * 1/15 s when unknown. Jumps are not distances, and too small a guess only costs a try.
 */
export function frameInterval(recentMediaMs: readonly number[]): number {
  const steps: number[] = [];
  for (let i = 1; i < recentMediaMs.length; i += 1) {
    const step = (recentMediaMs[i] ?? 0) - (recentMediaMs[i - 1] ?? 0);
    if (step > 4 && step < 400) steps.push(step);
  }
  if (steps.length === 0) return 1000 / 15;
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 2] ?? 1000 / 15;
}

/**
 * Where to look for the next frame after `mediaMs`, nearest first. The frame
 * distance varies (5–30 per second), so each try reaches a little further.
 */
export function* stepTargets(mediaMs: number, intervalMs: number): Generator<number> {
  let reach = Math.max(10, intervalMs * 0.75);
  for (let tries = 0; tries < 14; tries += 1) {
    yield mediaMs + reach;
    reach *= tries < 3 ? 1.25 : 1.6;
  }
}

function lastWhere<T>(items: readonly T[], holds: (item: T) => boolean): T | null {
  for (let i = items.length - 1; i >= 0; i -= 1) {
    const item = items[i];
    if (item !== undefined && holds(item)) return item;
  }
  return null;
}
