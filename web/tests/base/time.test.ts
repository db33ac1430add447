import { describe, expect, it } from 'vitest';
import { ago, clockLength, evidenceTime, money, waitLength } from '../../src/base/time';

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
