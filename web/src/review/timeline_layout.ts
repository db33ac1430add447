/** Where things stand on the timeline's pixels: pure. */

export interface View {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Mark {
  readonly seq: number;
  readonly wallMs: number;
}

export interface Cluster<M extends Mark> {
  readonly x: number;
  readonly marks: readonly M[];
}

/** Zoomed in no further than this: about a hundred frames across. */
export const SMALLEST_VIEW_MS = 4000;

export function xOf(view: View, width: number, wallMs: number): number {
  return ((wallMs - view.fromMs) / Math.max(1, view.toMs - view.fromMs)) * width;
}

export function wallAt(view: View, width: number, x: number): number {
  return view.fromMs + (x / Math.max(1, width)) * (view.toMs - view.fromMs);
}

/** Keep a view inside the session and not smaller than `SMALLEST_VIEW_MS`. */
export function fitted(view: View, whole: View): View {
  const wholeSpan = Math.max(1, whole.toMs - whole.fromMs);
  const span = Math.min(wholeSpan, Math.max(Math.min(SMALLEST_VIEW_MS, wholeSpan), view.toMs - view.fromMs));
  const from = Math.min(Math.max(view.fromMs, whole.fromMs), whole.toMs - span);
  return { fromMs: from, toMs: from + span };
}

/** Zoom by `factor` (< 1 is closer) so that `aroundMs` stays where it is. */
export function zoomed(view: View, whole: View, factor: number, aroundMs: number): View {
  const span = Math.min(whole.toMs - whole.fromMs, Math.max(SMALLEST_VIEW_MS, (view.toMs - view.fromMs) * factor));
  const share = (aroundMs - view.fromMs) / Math.max(1, view.toMs - view.fromMs);
  return fitted({ fromMs: aroundMs - share * span, toMs: aroundMs + (1 - share) * span }, whole);
}

export function panned(view: View, whole: View, byMs: number): View {
  return fitted({ fromMs: view.fromMs + byMs, toMs: view.toMs + byMs }, whole);
}

/** Turn the page when the playhead leaves the view; the same object when it is inside. */
export function following(view: View, whole: View, wallMs: number): View {
  if (wallMs >= view.fromMs && wallMs <= view.toMs) return view;
  const span = view.toMs - view.fromMs;
  return fitted({ fromMs: wallMs - span * 0.1, toMs: wallMs + span * 0.9 }, whole);
}

/** Marks that would overlap become one; `marks` come in order of time. */
export function clustered<M extends Mark>(marks: readonly M[], view: View, width: number, gapPx: number): Cluster<M>[] {
  const clusters: { x: number; marks: M[] }[] = [];
  for (const mark of marks) {
    const x = xOf(view, width, mark.wallMs);
    if (x < -gapPx || x > width + gapPx) continue;
    const last = clusters[clusters.length - 1];
    if (last !== undefined && x - last.x < gapPx) last.marks.push(mark);
    else clusters.push({ x, marks: [mark] });
  }
  return clusters;
}

export interface Bar {
  readonly x: number;
  readonly width: number;
}

/** A span on the lane, at least `minPx` wide so that a short gap is never hidden; null when outside. */
export function barOf(view: View, width: number, fromMs: number, toMs: number, minPx: number): Bar | null {
  const left = xOf(view, width, fromMs);
  const right = xOf(view, width, toMs);
  if (right < 0 || left > width) return null;
  const x = Math.max(0, left);
  return { x, width: Math.max(minPx, Math.min(width, right) - x) };
}

const TICK_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

export interface Tick {
  readonly x: number;
  readonly wallMs: number;
}

/** Ticks on round wall-clock times, at least `spacePx` apart. */
export function ticks(view: View, width: number, spacePx: number): Tick[] {
  const span = view.toMs - view.fromMs;
  const wanted = (span / Math.max(1, width)) * spacePx;
  const stepMs = (TICK_STEPS_S.find((s) => s * 1000 >= wanted) ?? 7200) * 1000;
  const found: Tick[] = [];
  for (let at = Math.ceil(view.fromMs / stepMs) * stepMs; at <= view.toMs; at += stepMs) {
    found.push({ x: xOf(view, width, at), wallMs: at });
  }
  return found;
}

/** The entry at or just before a moment: what the list shows as 'now'; −1 before the first. */
export function currentIndex(marks: readonly Mark[], wallMs: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.wallMs ?? Infinity) <= wallMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
