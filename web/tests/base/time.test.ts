import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ago, clockLength, evidenceTime, money, waitLength } from '../../src/base/time';

describe("the server's clock", () => {
  const T0 = Date.UTC(2026, 10, 21, 7, 41, 12);
  const date = (serverMs: number) => new Date(serverMs).toUTCString();
  let time: typeof import('../../src/base/time');
  beforeEach(async () => {
    vi.resetModules();
    time = await import('../../src/base/time');
  });
  it('is left alone by a Date header that agrees within its error', () => {
    time.learnServerTime(date(T0), T0 + 700, T0 + 740);
    expect(time.serverAheadMs.value).toBe(0);
  });
  it('is guessed from a Date header that does not', () => {
    time.learnServerTime(date(T0), T0 + 90_000, T0 + 90_040);
    expect(time.serverAheadMs.value).toBe(-89_520);
  });
  it('is known to half the quickest way there and back once the server is asked', () => {
    time.learnServerTime(date(T0), T0 + 90_000, T0 + 90_040);
    time.learnServerClock([
      { serverMs: T0 + 80, sentMs: T0 + 90_000, receivedMs: T0 + 90_300 },
      { serverMs: T0 + 410, sentMs: T0 + 90_400, receivedMs: T0 + 90_430 },
      { serverMs: T0 + 520, sentMs: T0 + 90_450, receivedMs: T0 + 90_600 },
    ]);
    expect(time.serverAheadMs.value).toBe(-90_005);
  });
  it('is not made worse by slower answers, nor by the Date header', () => {
    time.learnServerClock([{ serverMs: T0 + 1_010, sentMs: T0, receivedMs: T0 + 20 }]);
    time.learnServerClock([{ serverMs: T0 + 61_300, sentMs: T0 + 60_000, receivedMs: T0 + 60_400 }]);
    time.learnServerTime(date(T0 + 90_000), T0 + 61_000, T0 + 61_020);
    expect(time.serverAheadMs.value).toBe(1_000);
  });
  it('is learnt anew when a clock was set, and when the last answer has aged', () => {
    time.learnServerClock([{ serverMs: T0 + 1_010, sentMs: T0, receivedMs: T0 + 20 }]);
    time.learnServerClock([{ serverMs: T0 + 1_100, sentMs: T0 + 3_600_000, receivedMs: T0 + 3_600_200 }]);
    expect(time.serverAheadMs.value).toBe(-3_599_000);
    time.learnServerClock([{ serverMs: T0 + 3_600_020, sentMs: T0 + 7_200_000, receivedMs: T0 + 7_200_060 }]);
    expect(time.serverAheadMs.value).toBe(-3_600_010);
  });
  it('names the moment at which a shown frame was at the server', () => {
    vi.useFakeTimers({ now: T0 });
    time.learnServerClock([{ serverMs: T0 + 1_010, sentMs: T0, receivedMs: T0 + 20 }]);
    expect(time.serverTimeOfFrameMs(null)).toBe(T0 + 1_000);
    expect(time.serverTimeOfFrameMs(80)).toBe(T0 + 910);
    vi.useRealTimers();
  });
  it('learns nothing from no answer', () => {
    time.learnServerClock([]);
    time.learnServerTime(null, T0, T0);
    time.learnServerTime('nonsense', T0, T0);
    expect(time.serverAheadMs.value).toBe(0);
  });
});

describe('times as people read them', () => {
  it('show a length as a clock', () => {
    expect([0, 61_000, 3_725_000, -5].map(clockLength)).toEqual(['00:00', '01:01', '1:02:05', '00:00']);
  });
  it('round a wait to what one can say', () => {
    expect([12, 70, 240, 7200].map((seconds) => waitLength(seconds, 'en'))).toEqual(['20 seconds', '1 minute', '4 minutes', '2 hours']);
    expect(waitLength(240, 'de')).toBe('4 Minuten');
  });
  it('say how long ago something was', () => {
    expect(ago(0, 120_000, 'en')).toBe('2 minutes ago');
    expect(ago(0, 86_400_000, 'en')).toBe('yesterday');
  });
  it('keep the milliseconds of evidence', () => {
    expect(evidenceTime(Date.UTC(2026, 10, 21, 7, 41, 12, 480))).toBe('07:41:12.480 UTC');
  });
  it('write money in an unknown currency rather than nothing', () => {
    expect(money('148.00', 'nonsense', 'en')).toBe('148.00 nonsense');
  });
});
