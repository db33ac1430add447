import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { learnServerClock } from '../../src/base/time';
import { frameName, largeAtFirst, nextLarge, Stills } from '../../src/host/stills';

describe('whose picture is photographed', () => {
  it('is that of whoever shows the goods, as they are large at first', () => {
    expect(largeAtFirst('buyer_shows')).toBe('other');
    expect(largeAtFirst('warehouse_shows')).toBe('own');
  });

  it('names the other person’s frame by its RTP timestamp, one’s own by the server’s time', () => {
    expect(frameName('other', 4_294_967_295, 5.5)).toEqual({ mid: '1', rtp_timestamp: 4_294_967_295 });
    expect(frameName('other', 0, 5.5)).toEqual({ mid: '1', rtp_timestamp: 0 });
    expect(frameName('other', null, 5.5)).toBeNull();
    expect(frameName('own', 7, 1_000.6)).toEqual({ own_at_ms: 1_001 });
    expect(frameName('own', null, 1_000)).toEqual({ own_at_ms: 1_000 });
  });
});

describe('a photograph', () => {
  const drawn: unknown[] = [];
  const sent: Record<string, unknown>[] = [];
  const video = (name: string, videoWidth = 640) => ({ name, videoWidth, videoHeight: 480 }) as unknown as HTMLVideoElement;

  beforeEach(() => {
    drawn.length = sent.length = 0;
    vi.stubGlobal('document', {
      createElement: () => ({
        getContext: () => ({ drawImage: (element: unknown) => drawn.push(element) }),
        toBlob: (done: (blob: Blob) => void) => done(new Blob(['jpeg'])),
      }),
    });
    vi.stubGlobal('FileReader', class {
      result = '';
      onload: (() => void) | null = null;
      readAsDataURL(): void {
        this.result = 'data:image/jpeg;base64,anBlZw==';
        queueMicrotask(() => this.onload?.());
      }
    });
    vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
      sent.push(JSON.parse(String(init.body)) as Record<string, unknown>);
      return new Response(JSON.stringify({ still_id: 'stl_1', seq: 9 }), { headers: { 'Content-Type': 'application/json' } });
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('of one’s own camera is drawn from the own picture and sent with the server’s time', async () => {
    const at = Date.now();
    learnServerClock([{ serverMs: at + 5_000, sentMs: at, receivedMs: at }]);
    const stills = new Stills('ses_1');
    const own = video('own');
    stills.watch('own', own);
    stills.watch('other', video('other'));
    stills.shown('other', { rtpTimestamp: 77, arrivedMs: null });
    expect(await stills.take('own')).toBe(true);
    expect(drawn).toEqual([own]);
    expect(sent).toHaveLength(1);
    expect(Object.keys(sent[0] ?? {}).sort()).toEqual(['client_id', 'own_at_ms', 'preview']);
    const aheadMs = Number(sent[0]?.own_at_ms) - Date.now();
    expect(Math.abs(aheadMs - 5_000)).toBeLessThan(1_000);
    expect(stills.all.value.map((still) => [still.stillId, still.state])).toEqual([['stl_1', 'taken']]);
    expect(Math.abs(stills.shownAtMs('own') - Date.now() - 5_000)).toBeLessThan(1_000);
  });

  it('of the other person is drawn from theirs and sent with the frame’s name', async () => {
    const stills = new Stills('ses_1');
    const other = video('other');
    stills.watch('own', video('own'));
    stills.watch('other', other);
    stills.shown('other', { rtpTimestamp: 77, arrivedMs: null });
    expect(await stills.take('other')).toBe(true);
    expect(drawn).toEqual([other]);
    expect(sent[0]).toMatchObject({ mid: '1', rtp_timestamp: 77 });
    expect(sent[0]).not.toHaveProperty('own_at_ms');
  });

  it('of the bench camera is drawn from it and named on its own line', async () => {
    const stills = new Stills('ses_1');
    const bench = video('bench');
    stills.watch('other', video('other'));
    stills.watch('bench', bench);
    stills.shown('other', { rtpTimestamp: 77, arrivedMs: null });
    expect(stills.possible('bench')).toBe(false);
    stills.shown('bench', { rtpTimestamp: 99, arrivedMs: null });
    expect(await stills.take('bench')).toBe(true);
    expect(drawn).toEqual([bench]);
    expect(sent[0]).toMatchObject({ mid: '4', rtp_timestamp: 99 });
    stills.forget('bench');
    expect(stills.possible('bench')).toBe(false);
    expect([nextLarge('other', true), nextLarge('own', true), nextLarge('bench', true), nextLarge('own', false)]).toEqual(['own', 'bench', 'other', 'other']);
  });

  it('is not taken while the camera it is of shows nothing', async () => {
    const stills = new Stills('ses_1');
    stills.shown('other', { rtpTimestamp: 77, arrivedMs: null });
    stills.watch('other', video('other'));
    expect([stills.possible('own'), stills.possible('other')]).toEqual([false, true]);
    stills.watch('own', video('own', 0));
    expect(stills.possible('own')).toBe(false);
    expect(await stills.take('own')).toBe(false);
    stills.watch('own', video('own'));
    expect(stills.possible('own')).toBe(true);
    stills.watch('own', null);
    expect(stills.possible('own')).toBe(false);
    expect(sent).toEqual([]);
  });
});
