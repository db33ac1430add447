import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/base/protocol/session';
import { endOf, isIn } from '../../src/live/stay';

const snapshot = (state: string, presence: string) => ({ state, you: { participant_id: 'p1' }, participants: [{ id: 'p0', presence: 'left' }, { id: 'p1', presence }] }) as unknown as Snapshot;

describe('a stay in a call', () => {
  it('goes on while the session does, lost or not', () => {
    for (const link of ['connecting', 'open', 'lost'] as const) for (const state of ['live', 'held'] as const) expect(endOf(state, link, true)).toBeNull();
  });

  it('ends for everybody with the session, before anything else is said', () => {
    expect(endOf('ended', 'replaced', false)).toBe('ended');
  });

  it('ends here when the same person goes on elsewhere', () => {
    expect(endOf('live', 'replaced', false)).toBe('replaced');
  });

  it('ends for whom the server does not know here any more', () => {
    expect(endOf('live', 'refused', false)).toBe('moved');
  });

  it('waits with the buyer for another host, and with nobody else', () => {
    expect(endOf('waiting', 'open', false)).toBeNull();
    expect(endOf('waiting', 'open', true)).toBe('moved');
  });

  it('is taken up again only by whom it still has', () => {
    expect(isIn(snapshot('live', 'away'))).toBe(true);
    expect(isIn(snapshot('live', 'left'))).toBe(false);
    expect(isIn(snapshot('ended', 'here'))).toBe(false);
  });
});
