import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../src/base/protocol/session';
import type { Timeline } from '../../src/base/protocol/timeline';
import { entriesOf, gapsAdmitted, momentOf, neighbourMark, sealOf, stillsByPerson, stillsOf, witnessedAt } from '../../src/review/entries';
import { firstPictureMs, lanesOf, leadOf, spanOf } from '../../src/review/lanes';

const T0 = Date.parse('2026-11-21T07:41:00.000Z');
const event = <K extends SessionEvent['kind']>(seq: number, kind: K, atMs: number, payload: Extract<SessionEvent, { kind: K }>['payload']): SessionEvent =>
  ({ seq, kind, at: new Date(T0 + atMs).toISOString(), actor: { role: 'host', name: 'J.', participant_id: 'par_h' }, visibility: 'parties', client_id: null, payload }) as SessionEvent;

const events: SessionEvent[] = [
  event(1, 'joined', 0, { participant_id: 'par_h', role: 'host', name: 'J.' }),
  event(2, 'joined', 10, { participant_id: 'par_b', role: 'buyer', name: 'Ana' }),
  event(3, 'marker', 9000, { label: 'Label', at_ms: T0 + 8400 }),
  event(4, 'still_taken', 12_000, { still_id: 'stl_1', participant_id: 'par_b', at_ms: T0 + 11_500 }),
  event(5, 'message', 11_800, { text: 'Así', locale: 'es' }),
  event(6, 'still_cut', 20_000, { still_id: 'stl_1', sha256: 'ab', width: 720, height: 1280, recording_id: 'rec_b', recording_ms: 11_500 }),
  event(7, 'sealed', 30_000, { root: 'cd', recordings: 1, fragments: 30 }),
];
const stills = [{ still_id: 'stl_1', state: 'cut', at_ms: T0 + 11_500, participant_id: 'par_b', image: '/i', preview: '/p' }];
const recording = (id: string, part: number, startMs: number, durationMs: number) => ({
  recording_id: id, participant: { id: 'par_b', role: 'buyer' as const, name: 'Ana' }, part, container: 'mp4' as const, url: '/m', start_ms: T0 + startMs,
  duration_ms: durationMs, width: 720, height: 1280, fragments: 1, root: '', clock: [] as [number, number][],
});

describe('the session log as a reviewer reads it', () => {
  it('stands at the moments that events speak of, not at those when they were written', () => {
    const entries = entriesOf({ stills, events }, stillsOf({ stills, events }));
    expect(entries.map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5, 7]);
    expect(entries[2]?.wallMs).toBe(T0 + 8400);
    expect(momentOf(events[3] as SessionEvent)).toBe(T0 + 11_500);
  });

  it('makes one still of its taking and its cutting', () => {
    const found = stillsOf({ stills, events });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ seq: 4, proof: { sha256: 'ab', recordingMs: 11_500 }, failed: null });
  });

  it('keeps stills with the person whose picture they are, not with who took them', () => {
    const entries = entriesOf({ stills, events }, stillsOf({ stills, events }));
    expect([...stillsByPerson(entries)].map(([id, found]) => [id, found.map((still) => still.stillId)])).toEqual([['par_b', ['stl_1']]]);
  });

  it('leaves out a kind that it does not know', () => {
    const unknown = { ...event(9, 'ended', 0, { cause: 'x' }), kind: 'brand_new' } as unknown as SessionEvent;
    expect(entriesOf({ stills: [], events: [unknown] }, [])).toEqual([]);
  });

  it('finds the next marker and the one before, not the one it stands on', () => {
    const entries = entriesOf({ stills, events }, stillsOf({ stills, events }));
    expect(neighbourMark(entries, 'marker', T0, 1)?.seq).toBe(3);
    expect(neighbourMark(entries, 'marker', T0 + 8360, 1)).toBeNull();
    expect(neighbourMark(entries, 'marker', T0 + 8360, -1)).toBeNull();
    expect(neighbourMark(entries, 'still_taken', T0 + 20_000, -1)?.seq).toBe(4);
  });

  it('counts what is missing, and knows the seal', () => {
    const gap = (from: number, to: number) => ({ participant_id: 'p', recording_id: null, from_ms: from, to_ms: to, cause: 'peer_lost' });
    expect(gapsAdmitted([gap(0, 2100), gap(5000, 5400)])).toEqual({ count: 2, totalMs: 2500 });
    expect(sealOf(events)?.payload.root).toBe('cd');
    expect(sealOf([])).toBeNull();
  });

  it('say when an authority first witnessed the newest manifest', () => {
    const stamped = (number: number, renewal: number, stamped_at: string) => event(50 + number, 'time_stamped', 0, { number, renewal, stamped_at, sha256: 'ab' });
    expect(witnessedAt(events)).toBeNull();
    expect(witnessedAt([...events, stamped(0, 0, 'a'), stamped(1, 0, 'b'), stamped(0, 1, 'c'), stamped(1, 1, 'd')])).toBe('b');
  });
});

describe('the lanes of a replay', () => {
  const timeline = {
    events, stills, start_ms: T0, end_ms: T0 + 20_000, gaps: [{ participant_id: 'par_b', recording_id: null, from_ms: T0 + 5000, to_ms: T0 + 6000, cause: 'peer_lost' }],
    recordings: [recording('rec_b2', 2, 10_000, 30_000), recording('rec_b', 1, 100, 5000)],
  } as unknown as Timeline;

  it('put the buyer first, parts in order, and keep somebody who was not recorded', () => {
    const lanes = lanesOf(timeline);
    expect(lanes.map((lane) => [lane.role, lane.parts.map((part) => part.recordingId)])).toEqual([['buyer', ['rec_b', 'rec_b2']], ['host', []]]);
    expect(lanes[0]?.gaps).toHaveLength(1);
    expect(lanes[1]?.gaps).toHaveLength(0);
  });

  it('give a bench camera one of its own, after the people', () => {
    const bench = { ...recording('rec_c', 1, 2000, 3000), participant: { id: 'par_c', role: 'bench', name: 'Bench 4' } };
    const lanes = lanesOf({ ...timeline, recordings: [bench, ...timeline.recordings] } as unknown as Timeline);
    expect(lanes.map((lane) => lane.role)).toEqual(['buyer', 'host', 'bench']);
    expect(leadOf(lanes, 'buyer_shows')).toBe('par_b');
  });

  it('are led by whoever shows the goods, as far as they were recorded', () => {
    expect(leadOf(lanesOf(timeline), 'buyer_shows')).toBe('par_b');
    expect(leadOf(lanesOf(timeline), 'warehouse_shows')).toBe('par_b');
  });

  it('span everything that was recorded', () => {
    expect(spanOf(timeline)).toEqual({ startMs: T0, endMs: T0 + 40_000 });
  });
});

describe('a replay', () => {
  it('begins at the first picture, not in the wait before it', () => {
    const waiting = { start_ms: T0, recordings: [recording('rec_h', 1, 900, 10), recording('rec_b', 1, 200, 10)] } as unknown as Timeline;
    expect(firstPictureMs(waiting)).toBe(T0 + 200);
    expect(firstPictureMs({ start_ms: T0, recordings: [] } as unknown as Timeline)).toBe(T0);
  });
});
