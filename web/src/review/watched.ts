/** From the moments that a player passes to the spans that were watched: pure. */

/** From and to, in wall-clock milliseconds. */
export type WatchedSpan = readonly [number, number];

export interface Watched {
  readonly spans: readonly WatchedSpan[];
  /** Whether the last span may still grow. */
  readonly open: boolean;
}

/** A clock that moves on further than this between two looks has jumped. */
const JUMP_MS = 2_000;
/** Moments looked at one after another while standing, this close, are one span. */
const NEAR_MS = 1_000;

/** What has been watched when the player now shows `wallMs`. */
export function grown(watched: Watched, wallMs: number, playing: boolean): Watched {
  const last = watched.spans[watched.spans.length - 1];
  const reach = playing ? JUMP_MS : NEAR_MS;
  const goesOn = watched.open && last !== undefined && wallMs >= last[0] - (playing ? 0 : NEAR_MS) && wallMs <= last[1] + reach;
  if (last === undefined || !goesOn) return { spans: [...watched.spans, [wallMs, wallMs]], open: true };
  if (wallMs >= last[0] && wallMs <= last[1]) return playing && wallMs < last[1] - NEAR_MS ? { spans: [...watched.spans, [wallMs, wallMs]], open: true } : watched;
  return { spans: [...watched.spans.slice(0, -1), [Math.min(last[0], wallMs), Math.max(last[1], wallMs)]], open: true };
}
