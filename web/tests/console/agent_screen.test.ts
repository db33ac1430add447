import { describe, expect, it } from 'vitest';
import type { CaseView } from '../../src/base/protocol/case';
import { ChordReader } from '../../src/console/chords';
import { Drafts } from '../../src/console/drafts';
import { sameFilter } from '../../src/console/inbox/filters';
import { stepOf } from '../../src/console/next_step';
import { Others, type Heard } from '../../src/console/presence';
import { unknownIn } from '../../src/console/scripts';
import { snoozeUntil } from '../../src/console/snooze';

describe('two keys after each other', () => {
  const known = ['r', 'g i', 'g x'];
  it('are one chord, and a single key is one by itself', () => {
    const reader = new ChordReader();
    expect(reader.read('g', known, 0)).toBeNull();
    expect(reader.read('i', known, 500)).toBe('g i');
    expect(reader.read('r', known, 600)).toBe('r');
  });
  it('are none when the second comes late or is another', () => {
    const reader = new ChordReader();
    reader.read('g', known, 0);
    expect(reader.read('i', known, 5000)).toBeNull();
    reader.read('g', known, 6000);
    expect(reader.read('r', known, 6100)).toBe('r');
    expect(reader.read('i', known, 6200)).toBeNull();
  });
});

class MemoryStore {
  readonly kept = new Map<string, string>();
  get length(): number { return this.kept.size; }
  getItem(key: string): string | null { return this.kept.get(key) ?? null; }
  setItem(key: string, value: string): void { this.kept.set(key, value); }
  removeItem(key: string): void { this.kept.delete(key); }
  key(at: number): string | null { return [...this.kept.keys()][at] ?? null; }
}

describe('a draft', () => {
  const draft = { text: 'Hola', language: 'es', to: 'ask' as const };
  it('is there again for the same person and case, and for nobody else', () => {
    const store = new MemoryStore();
    new Drafts(store, 'stf_a').write('cas_1', draft);
    expect(new Drafts(store, 'stf_a').read('cas_1')).toEqual(draft);
    expect(new Drafts(store, 'stf_a').read('cas_2')).toBeNull();
    expect(new Drafts(store, 'stf_b').read('cas_1')).toBeNull();
  });
  it('is gone when it was sent, is too old, is nonsense, or its person signs out', () => {
    const store = new MemoryStore();
    const early = new Drafts(store, 'stf_a', () => 0);
    early.write('cas_1', draft);
    expect(new Drafts(store, 'stf_a', () => 15 * 24 * 3_600_000).read('cas_1')).toBeNull();
    early.write('cas_1', { ...draft, text: '  ' });
    expect(store.length).toBe(0);
    store.setItem('pc-draft:stf_a:cas_1', '{"text":5}');
    expect(early.read('cas_1')).toBeNull();
    store.setItem('pc-draft:stf_a:cas_1', '{');
    expect(early.read('cas_1')).toBeNull();
    new Drafts(store, 'stf_b').write('cas_1', draft);
    early.forgetAll();
    expect([...store.kept.keys()]).toEqual(['pc-draft:stf_b:cas_1']);
  });
  it('is lost without harm where nothing may be kept', () => {
    const full = new MemoryStore();
    full.setItem = () => { throw new Error('QuotaExceededError'); };
    expect(() => new Drafts(full, 'stf_a').write('cas_1', draft)).not.toThrow();
  });
});

describe('who else is here', () => {
  const heard = (part: Partial<Heard> = {}): Heard => ({ case_id: 'cas_1', staff_id: 'stf_b', tab: 't1', name: 'Ben', doing: 'looks', ...part });
  const made = () => {
    const said: Record<string, unknown>[] = [];
    const clock = { nowMs: 0 };
    return { said, clock, others: new Others('cas_1', 'stf_a', (body) => said.push(body as Record<string, unknown>), () => clock.nowMs) };
  };
  it('is shown once a person, writing if any of their tabs writes, never oneself', () => {
    const { others } = made();
    others.hear(heard());
    others.hear(heard({ tab: 't2', doing: 'writes' }));
    others.hear(heard({ staff_id: 'stf_a', name: 'Me' }));
    others.hear(heard({ case_id: 'cas_2', staff_id: 'stf_c' }));
    expect(others.people.value.map((one) => [one.name, one.writes])).toEqual([['Ben', true]]);
    others.hear(heard({ tab: 't2', doing: 'away' }));
    expect(others.people.value.map((one) => one.writes)).toEqual([false]);
    others.hear(heard({ doing: 'away' }));
    expect(others.people.value).toEqual([]);
  });
  it('is forgotten when silent, and answered when new', () => {
    const { others, said, clock } = made();
    others.hear(heard({ asks: true }));
    expect(said).toMatchObject([{ case_id: 'cas_1', doing: 'looks', asks: false }]);
    clock.nowMs = 24_000;
    others.beat();
    expect(others.people.value).toHaveLength(1);
    clock.nowMs = 26_000;
    others.beat();
    expect(others.people.value).toEqual([]);
  });
  it('is told at once that one writes, then not with every letter', () => {
    const { others, said, clock } = made();
    others.writes();
    others.writes();
    expect(said.map((one) => one['doing'])).toEqual(['writes']);
    clock.nowMs = 7_000;
    others.beat();
    expect(said.map((one) => one['doing'])).toEqual(['writes', 'looks']);
  });
});

describe('the next step', () => {
  const view = (over: Partial<CaseView>): CaseView => ({ state: 'filed', next_step: null, moves: [], link: { state: 'active', expires_at: null, first_joined_at: null }, ...over } as CaseView);
  it('is one thing, by where the case stands and who asks', () => {
    const none = { state: 'none', expires_at: null, first_joined_at: null } as const;
    expect(stepOf(view({ state: 'waiting' }), ['agent'])).toEqual({ kind: 'host' });
    expect(stepOf(view({ state: 'waiting' }), ['reviewer'])).toEqual({ kind: 'wait', what: 'call' });
    expect(stepOf(view({ state: 'inspected', next_step: 'decide' }), ['reviewer'])).toEqual({ kind: 'verdict' });
    expect(stepOf(view({ state: 'decided', next_step: 'give_label', moves: ['give_label'] }), ['agent'])).toEqual({ kind: 'move', move: 'give_label' });
    expect(stepOf(view({ state: 'decided', next_step: 'give_label' }), ['reviewer'])).toEqual({ kind: 'wait', what: 'somebody' });
    expect(stepOf(view({ state: 'refunded', next_step: 'close' }), ['agent'])).toEqual({ kind: 'close' });
    expect(stepOf(view({ link: none }), ['agent'])).toEqual({ kind: 'invite' });
    expect(stepOf(view({}), ['agent'])).toEqual({ kind: 'answer' });
    expect(stepOf(view({}), ['inspector'])).toEqual({ kind: 'wait', what: 'somebody' });
    expect(stepOf(view({ state: 'keep_offered' }), ['agent'])).toEqual({ kind: 'wait', what: 'buyer' });
    expect(stepOf(view({ state: 'inspection_offered' }), ['agent'])).toEqual({ kind: 'wait', what: 'buyer' });
    expect(stepOf(view({ state: 'closed', next_step: null, link: none }), ['agent'])).toEqual({ kind: 'wait', what: 'end' });
  });
});

describe('putting aside', () => {
  it('ends at nine in the morning of the day that is named', () => {
    const sunday = new Date(2026, 10, 29, 22, 30);
    expect(snoozeUntil('tomorrow', sunday)).toEqual(new Date(2026, 10, 30, 9));
    expect(snoozeUntil('monday', sunday)).toEqual(new Date(2026, 10, 30, 9));
    expect(snoozeUntil('monday', new Date(2026, 10, 30, 8))).toEqual(new Date(2026, 11, 7, 9));
    expect(snoozeUntil('week', sunday)).toEqual(new Date(2026, 11, 6, 9));
    expect(snoozeUntil('hours', sunday)).toEqual(new Date(2026, 10, 30, 1, 30));
  });
});

describe('a filter', () => {
  it('is the same whatever its order and what it leaves out', () => {
    expect(sameFilter({ overdue: true, assignee: 'me', sort: 'changed' }, { assignee: 'me', overdue: true, q: '' })).toBe(true);
    expect(sameFilter({ snoozed: false }, {})).toBe(false);
  });
});

describe('a reply', () => {
  it('names what the server would refuse in it', () => {
    expect(unknownIn('{buyer_name} {password} }')).toEqual(['password', '}']);
    expect(unknownIn('{buyer_name}')).toEqual([]);
  });
});
