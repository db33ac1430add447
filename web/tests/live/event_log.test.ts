import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../src/base/protocol/session';
import { EventLog, PAGE_LIMIT } from '../../src/live/event_log';

function event(seq: number): SessionEvent {
  return {
    seq,
    kind: 'message',
    at: '2026-11-21T07:41:00+00:00',
    actor: { role: 'host', name: 'J. Braun', participant_id: 'p2' },
    visibility: 'parties',
    client_id: null,
    payload: { text: String(seq), locale: 'en' },
  };
}
const seqs = (events: SessionEvent[]) => events.map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));

describe('the event log', () => {
  it('gives events that come in order at once', () => {
    const log = new EventLog();
    expect(seqs(log.add(event(1)))).toEqual([1]);
    expect(seqs(log.add(event(2)))).toEqual([2]);
    expect(log.hasHole).toBe(false);
  });

  it('holds back what comes after a hole until the hole is filled by the late event', () => {
    const log = new EventLog();
    expect(log.add(event(2))).toEqual([]);
    expect(log.hasHole).toBe(true);
    expect(log.after).toBe(0);
    expect(seqs(log.add(event(1)))).toEqual([1, 2]);
    expect(log.hasHole).toBe(false);
  });

  it('takes what a fill leaves out for events that are not for us', () => {
    const log = new EventLog();
    log.add(event(1));
    expect(log.add(event(5))).toEqual([]);
    expect(seqs(log.fill(1, [event(3), event(5)], 5))).toEqual([3, 5]);
    expect(log.after).toBe(5);
    expect(seqs(log.add(event(6)))).toEqual([6]);
  });

  it('shows nothing twice, however often it comes', () => {
    const log = new EventLog();
    log.add(event(1));
    expect(log.add(event(1))).toEqual([]);
    expect(log.fill(0, [event(1)], 1)).toEqual([]);
    expect(seqs(log.fill(0, [event(1), event(2)], 2))).toEqual([2]);
  });

  it('gives live events that arrived while a fill was on its way', () => {
    const log = new EventLog();
    log.add(event(3));
    expect(seqs(log.fill(0, [event(1), event(2)], 2))).toEqual([1, 2, 3]);
  });

  it('settles only as far as a full page reaches', () => {
    const log = new EventLog();
    expect(log.fill(0, range(1, PAGE_LIMIT), 450)).toHaveLength(PAGE_LIMIT);
    expect(log.after).toBe(PAGE_LIMIT);
    log.fill(PAGE_LIMIT, range(PAGE_LIMIT + 1, 2 * PAGE_LIMIT), 450);
    expect(log.after).toBe(2 * PAGE_LIMIT);
    log.fill(2 * PAGE_LIMIT, range(401, 440), 450);
    expect(log.after).toBe(450);
  });

  it('keeps the order for every order of arrival', () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let round = 0; round < 200; round += 1) {
      const log = new EventLog();
      const shuffled = range(1, 12).map((value) => ({ value, key: random() })).sort((a, b) => a.key - b.key);
      const shown = shuffled.flatMap(({ value }) => log.add(value));
      expect(seqs(shown)).toEqual(seqs(range(1, 12)));
    }
  });
});
