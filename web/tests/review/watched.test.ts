/** What was watched, from the moments that a player passes. */
import { describe, expect, it } from 'vitest';
import { grown, type Watched } from '../../src/review/watched';

const NOTHING: Watched = { spans: [], open: false };

function after(...looks: [number, boolean][]): Watched {
  return looks.reduce((watched, [ms, playing]) => grown(watched, ms, playing), NOTHING);
}

describe('what was watched', () => {
  it('is one span while the clock moves on', () => {
    expect(after([1000, true], [1500, true], [2900, true], [3000, false]).spans).toEqual([[1000, 3000]]);
  });
  it('is a new span after a jump, forwards or back', () => {
    expect(after([1000, true], [2000, true], [60_000, true], [61_000, true], [5000, true]).spans).toEqual([[1000, 2000], [60_000, 61_000], [5000, 5000]]);
  });
  it('holds a frame that was looked at standing', () => {
    expect(after([1000, false], [30_000, false]).spans).toEqual([[1000, 1000], [30_000, 30_000]]);
  });
  it('grows with frame steps in both directions', () => {
    expect(after([10_000, false], [10_033, false], [9_966, false]).spans).toEqual([[9_966, 10_033]]);
  });
  it('begins anew once a span was told', () => {
    const told = { ...after([1000, true], [2000, true]), open: false };
    expect(grown(told, 2100, true).spans).toEqual([[1000, 2000], [2100, 2100]]);
  });
});
