import { describe, expect, it } from 'vitest';
import { Watchdog, type PathSample } from '../../src/live/watchdog';

const sample = (nowMs: number, more: Partial<PathSample> = {}): PathSample => ({
  nowMs,
  arrived: nowMs,
  expectsTraffic: true,
  framesDecoded: nowMs,
  expectsFrames: true,
  ...more,
});

describe('the watchdog', () => {
  it('says nothing while everything arrives', () => {
    const dog = new Watchdog();
    for (let nowMs = 500; nowMs < 60_000; nowMs += 500) expect(dog.step(sample(nowMs))).toEqual({ doubt: false, silent: false, frozen: false });
  });

  it('calls a path silent two seconds after the last arrival', () => {
    const dog = new Watchdog();
    dog.step(sample(1000));
    const states = [1500, 2000, 2500, 3000].map((nowMs) => dog.step(sample(nowMs, { arrived: 1000 })).silent);
    expect(states).toEqual([false, false, false, true]);
  });

  it('doubts earlier, and earliest when the network has just changed', () => {
    const doubtedAt = (suspect: boolean) => {
      const dog = new Watchdog();
      dog.step(sample(1000));
      if (suspect) dog.suspect(1000);
      for (let nowMs = 1100; ; nowMs += 100) if (dog.step(sample(nowMs, { arrived: 1000 })).doubt) return nowMs - 1000;
    };
    expect(doubtedAt(false)).toBe(1200);
    expect(doubtedAt(true)).toBe(500);
  });

  it('is not confused by a clock that is set back', () => {
    const dog = new Watchdog();
    dog.step(sample(3_600_000));
    expect(dog.step(sample(1000, { arrived: 3_600_000 })).silent).toBe(false);
    expect(dog.step(sample(1500, { arrived: 3_600_000 })).silent).toBe(false);
  });

  it('waits longer when nobody sends anything', () => {
    const dog = new Watchdog();
    const silentAt: number[] = [];
    for (let nowMs = 500; nowMs <= 14_000; nowMs += 500) {
      if (dog.step(sample(nowMs, { arrived: 1, expectsTraffic: false })).silent) silentAt.push(nowMs);
    }
    expect(silentAt[0]).toBe(12_500);
  });

  it('tells a picture that stands still from a path that is dead', () => {
    const dog = new Watchdog();
    for (let nowMs = 500; nowMs < 3000; nowMs += 500) dog.step(sample(nowMs, { framesDecoded: 9 }));
    expect(dog.step(sample(3000, { framesDecoded: 9 }))).toEqual({ doubt: false, silent: false, frozen: true });
    expect(dog.step(sample(3500, { framesDecoded: 10 }))).toEqual({ doubt: false, silent: false, frozen: false });
  });

  it('does not mind a missing picture that nobody expects', () => {
    const dog = new Watchdog();
    for (let nowMs = 500; nowMs < 9000; nowMs += 500) {
      expect(dog.step(sample(nowMs, { framesDecoded: 0, expectsFrames: false })).frozen).toBe(false);
    }
  });

  it('does not take its own sleep for silence', () => {
    const dog = new Watchdog();
    dog.step(sample(1000));
    expect(dog.step(sample(61_000, { arrived: 1000, framesDecoded: 1000 }))).toEqual({ doubt: false, silent: false, frozen: false });
  });
});
