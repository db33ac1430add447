import { describe, expect, it } from 'vitest';
import type { CaseView } from '../../src/base/protocol/case';
import { bodyOf, checkBody, firstDraft, leftToRefund, lineDrafts, missing, unfinishedLine } from '../../src/console/moves';

const item = { sku: 'L-1', quantity: 2, price: '74.00', listing: { title: 'Lamp', pictures: [], properties: {} }, checked: null };
const view = (over: Partial<CaseView> = {}): CaseView => ({
  id: 'cas_1', order_number: '1', buyer: { name: 'Ana', email: null, locale: 'es' }, currency: 'EUR', direction: 'buyer_shows',
  claim: { reason: 'damaged', words: '', locale: 'es' }, items: [item], state: 'received', version: 3, created_at: '', updated_at: '',
  warehouse: null, tenant: { id: 't', name: 'T' }, link: { state: 'active', expires_at: null, first_joined_at: null }, policy_answer: null, verdict: null, sessions: [],
  tags: [], snoozed_until: null, kept_until: null, legal_hold: false, parcels: [], settlements: [], moves: ['check'], next_step: 'check', ...over,
});

describe('what a move is told', () => {
  it('leaves out what nobody filled in, and trims what somebody did', () => {
    expect(bodyOf('ship', { carrier: ' DHL ', tracking_number: ' ' })).toEqual({ move: 'ship', carrier: 'DHL' });
  });

  it('wants an address or a label, never neither', () => {
    expect(missing('give_label', {})).toEqual(['address']);
    expect(missing('give_label', { label_url: 'https://labels.example/1.pdf' })).toEqual([]);
    expect(bodyOf('give_label', { label_url: 'https://labels.example/1.pdf' })).toEqual({ move: 'give_label', label_url: 'https://labels.example/1.pdf', address: '' });
  });

  it('wants a reason for a rejection and an amount for a refund', () => {
    expect(missing('reject', { note: '  ' })).toEqual(['note']);
    expect(missing('refund', {})).toEqual(['amount']);
  });
});

describe('a check', () => {
  it('starts from all that was bought, and is not finished until each line is judged', () => {
    const lines = lineDrafts(view());
    expect(lines[0]?.returned).toBe('2');
    expect(unfinishedLine(lines)).toBe(0);
    const judged = lines.map((line) => ({ ...line, grade: 'B' as const, disposition: 'restock' as const, liability: 'buyer' as const }));
    expect(unfinishedLine(judged)).toBeNull();
    expect(unfinishedLine(judged.map((line) => ({ ...line, returned: '1.5' })))).toBe(0);
  });

  it('gives no grade to what never came', () => {
    const lines = lineDrafts(view()).map((line) => ({ ...line, returned: '0', grade: 'A' as const, disposition: 'missing' as const, liability: 'carrier' as const }));
    expect(unfinishedLine(lines)).toBeNull();
    expect(checkBody(lines)).toEqual({ move: 'check', lines: [{ position: 0, returned: 0, disposition: 'missing', liability: 'carrier', note: '' }] });
  });
});

describe('what a move begins with', () => {
  it('is what is owed for keeping it, or all that is left, or nothing', () => {
    const policy_answer = { version: 1, rule: 'Parts', answer: { kind: 'offer' }, missing: [], sentence: '', sentences: {}, piloted: false, answered_at: '', amount: '29.60', owed: '29.60', buyer_word: 'accept' as const };
    expect(firstDraft('refund_partly', view({ policy_answer }))).toEqual({ amount: '29.60' });
    expect(firstDraft('refund_partly', view({ policy_answer: { ...policy_answer, owed: null } }))).toEqual({});
    expect(firstDraft('refund', view({ policy_answer }))).toEqual({ amount: '148.00' });
    expect(firstDraft('ship', view({ policy_answer }))).toEqual({});
  });
});

describe('what can still be refunded', () => {
  it('is what was paid, less what was given, in the currency\u2019s decimals', () => {
    expect(leftToRefund(view())).toBe('148.00');
    expect(leftToRefund(view({ settlements: [{ kind: 'refund_partly', amount: '10.10', reference: null, at: '' }] }))).toBe('137.90');
    expect(leftToRefund(view({ items: [{ ...item, price: '900', quantity: 1 }] }))).toBe('900');
  });
});
