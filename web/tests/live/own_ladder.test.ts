import { describe, expect, it } from 'vitest';
import { OwnLadder, type SendFigures } from '../../src/live/own_ladder';
import { RUNGS, rungFor, rungOf, START } from '../../src/live/rungs';

const figures = (over: Partial<SendFigures>): SendFigures => ({ nowMs: 0, availableBps: 2_400_000, loss: 0, tooSlow: false, advised: true, ...over });

function run(ladder: OwnLadder, seconds: number, over: Partial<SendFigures>, fromS = 0): string[] {
  return Array.from({ length: seconds }, (_, second) => ladder.step(figures({ ...over, nowMs: (fromS + second) * 1000 })).name);
}

describe('the rungs', () => {
  it('rise in every need and never fall in size', () => {
    for (const [index, rung] of RUNGS.entries()) {
      const below = RUNGS[index - 1];
      if (below) expect([rung.needBps > below.needBps, rung.maxBitrateBps > below.maxBitrateBps, rung.maxHeight >= below.maxHeight]).toEqual([true, true, true]);
    }
  });

  it('are found by rate and by name', () => {
    expect([0, 100_000, 150_000, 400_000, 499_999, 500_000, 9e9].map((bps) => rungFor(bps).name)).toEqual(['stills', 'stills', '720p2', '720p5', '720p5', '720p15', '1080p15']);
    expect(rungOf('720p5')?.maxFramerate).toBe(5);
    expect(rungOf('8k120')).toBeNull();
  });
});

describe('what the browser sends by its own figures', () => {
  it('falls within two looks to what the estimate carries', () => {
    expect(run(new OwnLadder(START), 3, { availableBps: 380_000 })).toEqual(['720p15', '720p5', '720p5']);
  });

  it('falls at once when it is less than half of the need', () => {
    expect(run(new OwnLadder(START), 1, { availableBps: 100_000 })).toEqual(['stills']);
  });

  it('climbs when the estimate stands as high as what is sent lets it', () => {
    const ladder = new OwnLadder(rungOf('720p5') ?? START);
    expect(run(ladder, 6, { availableBps: 660_000 }).at(-1)).toBe('720p15');
  });

  it('stays where the estimate neither fails nor doubles', () => {
    const ladder = new OwnLadder(rungOf('720p5') ?? START);
    expect(new Set(run(ladder, 120, { availableBps: 380_000 }))).toEqual(new Set(['720p5']));
  });

  it('waits twice as long after each climb that failed', () => {
    const ladder = new OwnLadder(rungOf('720p5') ?? START);
    const waits: number[] = [];
    let second = 0;
    for (let round = 0; round < 5; round += 1) {
      const began = second;
      while (RUNGS.indexOf(ladder.rung) === 2) ladder.step(figures({ availableBps: 660_000, nowMs: 1000 * (second += 1) }));
      waits.push(second - began);
      while (RUNGS.indexOf(ladder.rung) !== 2) ladder.step(figures({ availableBps: 400_000, nowMs: 1000 * (second += 1) }));
    }
    expect(waits).toEqual([5, 9, 17, 33, 65]);
  });

  it('goes by losses alone when nobody advises and there is no estimate', () => {
    const lost = run(new OwnLadder(START), 8, { availableBps: null, loss: 0.3, advised: false });
    expect(lost.at(-1)).toBe('stills');
    expect(run(new OwnLadder(START), 8, { availableBps: null, loss: 0.05, advised: false }).at(-1)).toBe('1080p15');
    expect(run(new OwnLadder(START), 8, { availableBps: null, loss: null, advised: false }).at(-1)).toBe('720p15');
  });

  it('leaves the losses to the server while that advises', () => {
    expect(run(new OwnLadder(START), 3, { loss: 0.3 })).toEqual(['720p15', '720p15', '720p15']);
  });

  it('gives a device that cannot keep up one rung less for a minute', () => {
    const ladder = new OwnLadder(START);
    const rungs = run(ladder, 6, { availableBps: 1_000_000, tooSlow: true });
    expect(rungs.slice(0, 4)).toEqual(['720p15', '720p15', '720p15', '720p15']);
    expect(rungs.at(-1)).toBe('720p5');
    expect(run(ladder, 1, { availableBps: 1_000_000 }, 70)).toEqual(['720p15']);
  });
});
