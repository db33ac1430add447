import { describe, expect, it } from 'vitest';
import { draftOf, faultsOf, keptBy, ruleOf, type KeepRule } from '../../src/console/retention/rules';

const rule = (days: number, more: Partial<KeepRule> = {}): KeepRule => ({ days, reason: null, market: null, since: null, ...more });
const lamp = { reason: 'damaged', market: 'DE', closedOn: '2026-06-01' } as const;

describe('the rule that keeps a case', () => {
  it('is the longest of the scopes that fit', () => {
    const rules = [rule(365), rule(30, { reason: 'damaged' }), rule(1095, { reason: 'damaged', market: 'DE' }), rule(2000, { market: 'ES' }), rule(3000, { reason: 'other' })];
    expect(keptBy(rules, lamp)?.days).toBe(1095);
    expect(keptBy(rules, { ...lamp, market: null })?.days).toBe(365);
    expect(keptBy([], lamp)).toBeNull();
  });
  it('is the newest of its scope that had begun when the case was closed, even where it is shorter', () => {
    const rules = [rule(900), rule(100, { since: '2026-06-01' }), rule(5, { since: '2026-06-02' })];
    expect(keptBy(rules, lamp)?.days).toBe(100);
    expect(keptBy(rules, { ...lamp, closedOn: '2026-05-31' })?.days).toBe(900);
  });
});

describe('rules as they are typed', () => {
  it('come back as they were', () => {
    const whole = rule(7, { reason: 'other', market: 'DE', since: '2026-01-01' });
    expect(ruleOf(draftOf(whole))).toEqual(whole);
  });
  it('say what is wrong with them, and a second one for the same cases is', () => {
    const typed = [['10', 'de'], ['10', 'DE'], ['0', ''], ['1.5', ''], ['', ''], ['36526', ''], ['5', 'D1']] as const;
    const drafts = typed.map(([days, market]) => ({ ...draftOf(rule(1)), days, market }));
    expect(drafts.map((one) => faultsOf(drafts).get(one.key) ?? null)).toEqual([null, 'twice', 'days', 'days', 'days', 'days', 'market']);
  });
});
