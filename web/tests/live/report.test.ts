import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PictureReport } from '../../src/base/protocol/connection';
import { FreezeMeter, REPORT_EVERY_MS, reportPictures } from '../../src/live/report';

describe('the freeze meter', () => {
  it('tells what came since the last look', () => {
    const meter = new FreezeMeter();
    expect(meter.step([{ id: 'a', freezes: 2, frozenS: 0.5 }])).toEqual({ freezes: 2, frozenMs: 500 });
    expect(meter.step([{ id: 'a', freezes: 3, frozenS: 2 }])).toEqual({ freezes: 1, frozenMs: 1500 });
  });

  it('takes a fresh peer connection for what it is', () => {
    const meter = new FreezeMeter();
    meter.step([{ id: 'a', freezes: 9, frozenS: 9 }]);
    expect(meter.step([{ id: 'b', freezes: 1, frozenS: 0.2 }])).toEqual({ freezes: 1, frozenMs: 200 });
  });

  it('says nothing where the browser does not count', () => {
    expect(new FreezeMeter().step([{ id: 'a', freezes: undefined, frozenS: undefined }])).toBeNull();
    expect(new FreezeMeter().step([])).toBeNull();
  });
});

describe('the report', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function inbound(freezeCount: number, totalFreezesDuration: number): RTCStatsReport {
    return new Map([['v', { id: 'v', type: 'inbound-rtp', kind: 'video', mid: '1', ssrc: 7, freezeCount, totalFreezesDuration }]]) as unknown as RTCStatsReport;
  }

  it('goes every ten seconds, the first picture only once', async () => {
    const sent: PictureReport[] = [];
    let frozen = 0;
    const stop = reportPictures({
      stats: () => Promise.resolve(inbound(1, (frozen += 0.3))),
      expectsFrames: () => true,
      firstFrameMs: () => 640.4,
      send: (report) => sent.push(report),
    });
    await vi.advanceTimersByTimeAsync(2 * REPORT_EVERY_MS);
    stop();
    await vi.advanceTimersByTimeAsync(REPORT_EVERY_MS);
    expect(sent).toEqual([
      { watched_ms: 10_000, frozen_ms: 300, freezes: 1, first_frame_ms: 640 },
      { watched_ms: 10_000, frozen_ms: 300, freezes: 0, first_frame_ms: null },
    ]);
  });

  it('is silent while nobody should be seen', async () => {
    const sent: PictureReport[] = [];
    const stop = reportPictures({
      stats: () => Promise.resolve(inbound(0, 0)),
      expectsFrames: () => false,
      firstFrameMs: () => null,
      send: (report) => sent.push(report),
    });
    await vi.advanceTimersByTimeAsync(3 * REPORT_EVERY_MS);
    stop();
    expect(sent).toEqual([]);
  });

  it('never tells more than the server takes', async () => {
    const sent: PictureReport[] = [];
    const stop = reportPictures({
      stats: () => Promise.resolve(inbound(5_000, 900)),
      expectsFrames: () => true,
      firstFrameMs: () => 10_000_000,
      send: (report) => sent.push(report),
    });
    await vi.advanceTimersByTimeAsync(REPORT_EVERY_MS);
    stop();
    expect(sent).toEqual([{ watched_ms: 10_000, frozen_ms: 10_000, freezes: 1_000, first_frame_ms: 120_000 }]);
  });
});
