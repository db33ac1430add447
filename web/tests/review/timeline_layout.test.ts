import { describe, expect, it } from 'vitest';
import {
  SMALLEST_VIEW_MS, barOf, clustered, currentIndex, fitted, following, panned, ticks, wallAt, xOf, zoomed,
} from '../../src/review/timeline_layout';

const whole = { fromMs: 1_000_000, toMs: 1_000_000 + 7_200_000 };

describe('the timeline’s view', () => {
  it('maps time to pixels and back', () => {
    expect(xOf(whole, 1000, whole.fromMs + 3_600_000)).toBe(500);
    expect(wallAt(whole, 1000, 500)).toBe(whole.fromMs + 3_600_000);
  });

  it('zooms around a moment that stays where it is', () => {
    const around = whole.fromMs + 1_800_000;
    const closer = zoomed(whole, whole, 0.5, around);
    expect(xOf(closer, 1000, around)).toBeCloseTo(xOf(whole, 1000, around), 6);
    expect(closer.toMs - closer.fromMs).toBe(3_600_000);
  });

  it('stays inside the session and above the smallest span', () => {
    let view = whole;
    for (let i = 0; i < 60; i += 1) view = zoomed(view, whole, 0.5, whole.fromMs);
    expect(view).toEqual({ fromMs: whole.fromMs, toMs: whole.fromMs + SMALLEST_VIEW_MS });
    expect(panned(view, whole, -1e9)).toEqual(view);
    expect(zoomed(view, whole, 1e9, whole.fromMs)).toEqual(whole);
    expect(fitted({ fromMs: 0, toMs: 1e12 }, whole)).toEqual(whole);
  });

  it('turns the page when the playhead leaves it, and only then', () => {
    const view = { fromMs: whole.fromMs, toMs: whole.fromMs + 60_000 };
    expect(following(view, whole, whole.fromMs + 30_000)).toBe(view);
    const next = following(view, whole, whole.fromMs + 61_000);
    expect(next.fromMs).toBe(whole.fromMs + 55_000);
  });
});

describe('what stands on the timeline', () => {
  it('puts marks together that would overlap', () => {
    const marks = [0, 1, 3, 50].map((s, i) => ({ seq: i, wallMs: whole.fromMs + s * 60_000 }));
    const found = clustered(marks, whole, 1200, 22);
    expect(found.map((c) => c.marks.length)).toEqual([2, 1, 1]);
    expect(found[0]?.marks.map((m) => m.seq)).toEqual([0, 1]);
  });

  it('leaves out what is outside the view', () => {
    const view = { fromMs: whole.fromMs, toMs: whole.fromMs + 10_000 };
    expect(clustered([{ seq: 1, wallMs: whole.fromMs + 3_000_000 }], view, 1000, 20)).toEqual([]);
  });

  it('never hides a short gap', () => {
    expect(barOf(whole, 1000, whole.fromMs + 1000, whole.fromMs + 1200, 3)?.width).toBe(3);
    expect(barOf(whole, 1000, whole.toMs + 50_000, whole.toMs + 60_000, 3)).toBeNull();
  });

  it('ticks at round times that have room', () => {
    const found = ticks(whole, 1200, 90);
    expect(found.length).toBeGreaterThan(4);
    expect(found.every((tick) => tick.wallMs % 600_000 === 0)).toBe(true);
    expect((found[1]?.x ?? 0) - (found[0]?.x ?? 0)).toBeGreaterThanOrEqual(90);
  });

  it('knows what has happened last', () => {
    const marks = [5, 10, 10, 20].map((wallMs, seq) => ({ seq, wallMs }));
    expect([4, 5, 10, 19, 99].map((t) => currentIndex(marks, t))).toEqual([-1, 0, 2, 2, 3]);
  });
});
