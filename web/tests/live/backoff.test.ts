import { describe, expect, it } from 'vitest';
import { KEEP_TRYING_MS, RETRY_WAITS_MS, retryWaitMs } from '../../src/live/backoff';

describe('the waits between tries', () => {
  it('begin at once and grow to seven seconds', () => {
    expect(RETRY_WAITS_MS.map((_, attempt) => retryWaitMs(attempt, 0.5))).toEqual([0, 500, 1000, 2000, 4000, 7000]);
    expect(retryWaitMs(50, 0.5)).toBe(7000);
  });

  it('are spread by a fifth, never more', () => {
    expect(retryWaitMs(3, 0)).toBe(1600);
    expect(retryWaitMs(3, 1)).toBe(2400);
  });

  it('go on for at least five minutes', () => {
    expect(KEEP_TRYING_MS).toBeGreaterThanOrEqual(5 * 60_000);
  });
});
