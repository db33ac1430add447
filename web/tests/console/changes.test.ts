import { describe, expect, it } from 'vitest';
import type { CaseView } from '../../src/base/protocol/case';
import { changesBetween } from '../../src/console/changes';

const view = (over: Partial<CaseView> = {}): CaseView => ({
  id: 'cas_1', order_number: '1', buyer: { name: 'Ana', email: null, locale: 'es' }, currency: 'EUR', direction: 'buyer_shows',
  claim: { reason: 'damaged', words: '', locale: 'es' }, items: [], state: 'inspected', version: 3, created_at: '', updated_at: '',
  warehouse: null, tenant: { id: 't', name: 'T' }, link: { state: 'active', expires_at: null, first_joined_at: null }, policy_answer: null, verdict: null, sessions: [],
  tags: [], snoozed_until: null, kept_until: null, legal_hold: false, parcels: [], settlements: [], moves: [], next_step: null, ...over,
});

describe('what changed while somebody was writing', () => {
  it('is nothing when only the version moved', () => {
    expect(changesBetween(view(), view({ version: 9, updated_at: 'later' }))).toEqual([]);
  });

  it('names a verdict that somebody else gave, and the state it led to', () => {
    const verdict = { outcome: 'refund', disposition: 'restock', liability: 'carrier', note: 'Seen.', decided_at: '', decided_by: 'K', by_policy: false } as const;
    expect(changesBetween(view(), view({ state: 'decided', verdict }))).toEqual([
      { field: 'state', before: 'inspected', after: 'decided' },
      { field: 'outcome', before: null, after: 'refund' },
      { field: 'disposition', before: null, after: 'restock' },
      { field: 'liability', before: null, after: 'carrier' },
      { field: 'note', before: null, after: 'Seen.' },
    ]);
  });

  it('names a revoked link and a further inspection', () => {
    const session = { id: 's', state: 'ended', direction: 'buyer_shows', created_at: '', live_at: null, ended_at: null, duration_s: null, recorded: false } as const;
    const now = view({ link: { state: 'revoked', expires_at: null, first_joined_at: null }, sessions: [session] });
    expect(changesBetween(view(), now).map((change) => change.field)).toEqual(['link', 'sessions']);
  });
});
