import { describe, expect, it } from 'vitest';
import {
  COVERING_LOSS_MS, correction, endOf, frameInterval, nextPictureAfter, partsNear, recordingOf, shownAt, soundClock, stepTargets, wallOf,
} from '../../src/review/sync';
import type { Gap, Lane, Part } from '../../src/review/sync';

const T0 = 1_795_000_000_000;
const part = (over: Partial<Part> = {}): Part => ({ recordingId: 'rec_a', url: '/m', startMs: T0, durationMs: 60_000, clock: [], ...over });
const lane = (parts: Part[], gaps: Gap[] = []): Lane => ({ participantId: 'par_b', role: 'buyer', name: 'Ana', aspect: 1, parts, gaps });
const gap = (fromMs: number, toMs: number, cause = 'media_lost'): Gap => ({ recordingId: null, fromMs: T0 + fromMs, toMs: T0 + toMs, cause });

describe('the clock of a recording', () => {
  it('is the start plus the recording time when nothing more is known', () => {
    expect(wallOf(part(), 1500)).toBe(T0 + 1500);
    expect(recordingOf(part(), T0 + 1500)).toBe(1500);
  });

  it('follows every known pair and runs evenly between them', () => {
    const p = part({ clock: [[0, T0], [10_000, T0 + 10_050], [20_000, T0 + 20_050]] });
    expect(wallOf(p, 10_000)).toBe(T0 + 10_050);
    expect(wallOf(p, 5000)).toBeCloseTo(T0 + 5025, 6);
    expect(wallOf(p, 25_000)).toBe(T0 + 25_050);
    expect(wallOf(p, -100)).toBe(T0 - 100);
  });

  it('leads back to the same recording time from anywhere', () => {
    const pairs = soundClock(Array.from({ length: 7200 }, (_, i) => [i * 1000, T0 + i * 1000 + Math.round(40 * Math.sin(i / 50))] as const));
    const p = part({ clock: pairs, durationMs: 7_200_000 });
    for (let ms = -500; ms < 7_201_000; ms += 12_345.678) expect(recordingOf(p, wallOf(p, ms))).toBeCloseTo(ms, 3);
  });

  it('ignores pairs that would make time run backwards', () => {
    const sound = soundClock([[0, T0], [2000, T0 + 2000], [1000, T0 + 5000], [3000, T0 + 1500], [4000, T0 + 6000]]);
    expect(sound.map((pair) => pair[0])).toEqual([0, 1000, 4000]);
  });
});

describe('what a participant’s screen shows', () => {
  it('is a picture inside the recording, its end excluded', () => {
    const l = lane([part()]);
    expect(shownAt(l, T0)).toMatchObject({ kind: 'picture', recordingMs: 0 });
    expect(shownAt(l, T0 + 59_999)).toMatchObject({ kind: 'picture' });
    expect(shownAt(l, endOf(part()))).toEqual({ kind: 'absent', when: 'after', untilMs: null });
  });

  it('is a gap with its cause, never a frozen picture', () => {
    const l = lane([part()], [gap(20_000, 22_100)]);
    expect(shownAt(l, T0 + 21_000)).toMatchObject({ kind: 'gap', gap: { cause: 'media_lost' }, untilMs: T0 + 22_100 });
    expect(shownAt(l, T0 + 22_100)).toMatchObject({ kind: 'picture' });
  });

  it('keeps the picture when only a few packets were lost, and says so', () => {
    const l = lane([part()], [gap(5000, 5400, 'packet_loss'), gap(9000, 9000 + COVERING_LOSS_MS, 'packet_loss')]);
    expect(shownAt(l, T0 + 5100)).toMatchObject({ kind: 'picture', loss: { cause: 'packet_loss' } });
    expect(shownAt(l, T0 + 9100)).toMatchObject({ kind: 'gap' });
  });

  it('says that somebody is not there yet, is away between two parts, has left', () => {
    const l = lane([part({ startMs: T0 + 5000, durationMs: 5000 }), part({ recordingId: 'rec_b', startMs: T0 + 30_000, durationMs: 5000 })]);
    expect(shownAt(l, T0)).toEqual({ kind: 'absent', when: 'before', untilMs: T0 + 5000 });
    expect(shownAt(l, T0 + 20_000)).toEqual({ kind: 'absent', when: 'between', untilMs: T0 + 30_000 });
    expect(shownAt(l, T0 + 31_000)).toMatchObject({ kind: 'picture', recordingMs: 1000 });
    expect(shownAt(l, T0 + 40_000)).toEqual({ kind: 'absent', when: 'after', untilMs: null });
  });

  it('says gap and not absence where a gap explains the pause between two parts', () => {
    const l = lane(
      [part({ durationMs: 10_000 }), part({ recordingId: 'rec_b', startMs: T0 + 15_000, durationMs: 10_000 })],
      [gap(10_000, 15_000, 'peer_lost')],
    );
    expect(shownAt(l, T0 + 12_000)).toMatchObject({ kind: 'gap', gap: { cause: 'peer_lost' }, untilMs: T0 + 15_000 });
  });

  it('shows nothing of somebody who was never recorded', () => {
    expect(shownAt(lane([]), T0)).toEqual({ kind: 'absent', when: 'before', untilMs: null });
  });

  it('finds the next picture across gaps that touch', () => {
    const l = lane([part()], [gap(10_000, 12_000), gap(12_000, 13_000, 'peer_lost')]);
    expect(nextPictureAfter(l, T0 + 10_500)).toBe(T0 + 13_000);
    expect(nextPictureAfter(lane([part()], [gap(50_000, 60_000)]), T0 + 55_000)).toBeNull();
  });

  it('loads what comes soon and lets go of what is long past', () => {
    const second = part({ recordingId: 'rec_b', startMs: T0 + 70_000, durationMs: 10_000 });
    const l = lane([part(), second]);
    expect(partsNear(l, T0 + 10_000, 20_000)).toEqual([part()]);
    expect(partsNear(l, T0 + 55_000, 20_000)).toHaveLength(2);
    expect(partsNear(l, T0 + 75_000, 20_000)).toEqual([second]);
  });
});

describe('coming back to the clock', () => {
  it('leaves a picture alone that is as good as on time', () => {
    expect(correction(20, 1)).toEqual({ kind: 'rate', rate: 1 });
    expect(correction(-60, 4)).toEqual({ kind: 'rate', rate: 4 });
  });

  it('nudges by at most eight per cent, in the right direction', () => {
    expect(correction(100, 1)).toEqual({ kind: 'rate', rate: 0.95 });
    expect(correction(-390, 1)).toEqual({ kind: 'rate', rate: 1.08 });
    expect(correction(-390, 2)).toEqual({ kind: 'rate', rate: 2.16 });
  });

  it('seeks when the picture is far off', () => {
    expect(correction(500, 1)).toEqual({ kind: 'seek' });
    expect(correction(-5000, 4)).toEqual({ kind: 'seek' });
  });

  it('converges: a picture 300 ms late is on time within ten seconds', () => {
    let drift = -300;
    for (let ms = 0; ms < 10_000; ms += 50) {
      const c = correction(drift, 1);
      if (c.kind === 'rate') drift += (c.rate - 1) * 50;
    }
    expect(Math.abs(drift)).toBeLessThanOrEqual(25);
  });
});

describe('stepping by a frame', () => {
  it('knows the usual distance of frames', () => {
    expect(frameInterval([0, 67, 134, 201, 334])).toBe(67);
    expect(frameInterval([1000])).toBeCloseTo(66.67, 1);
    expect(frameInterval([16_889, 17_696, 17_613, 17_614, 17_697])).toBe(83);
  });

  it('looks near first and reaches past a second', () => {
    const targets = [...stepTargets(1000, 40)];
    expect(targets[0]).toBe(1030);
    expect(targets.every((t, i) => i === 0 || t > (targets[i - 1] ?? 0))).toBe(true);
    expect(targets[targets.length - 1]).toBeGreaterThan(2000);
  });
});
