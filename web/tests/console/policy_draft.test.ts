import { describe, expect, it } from 'vitest';
import { answerFault, conditionFault, draftOf, emptyCondition, faultCount, moved, policyOf, wordsIn } from '../../src/console/policies/draft';
import type { Policy } from '../../src/console/policies/rules';

const POLICY: Policy = {
  title: 'Lamps',
  rules: [
    {
      name: 'Everything', because: 'general', answer: { kind: 'offer', offer: 'discount', percent: 30 },
      when: [
        { fact: 'days_since_delivery', at_least: null, at_most: 14 },
        { fact: 'market', match: 'none_of', values: ['EU', 'US'] },
        { fact: 'category', match: 'any_of', values: ['underwear', 'custom-made'] },
        { fact: 'reason', match: 'any_of', values: ['damaged', 'size_fit'] },
        { fact: 'price', currency: 'EUR', at_least: null, at_most: '19.99' },
        { fact: 'returns', within_days: 365, at_least: 3, at_most: null },
        { fact: 'photographs', given: false },
      ],
    },
    { name: 'In time', because: 'window', answer: { kind: 'approve', postage: 'seller' }, when: [{ fact: 'days_since_delivery', at_least: null, at_most: 30 }] },
  ],
  otherwise: { kind: 'ask_a_person' },
};

describe('rules in the form', () => {
  it('come out of it as they went in', () => {
    const draft = draftOf(POLICY);
    expect(faultCount(draft)).toBe(0);
    expect(policyOf(draft)).toEqual(POLICY);
  });

  it('say what is missing or cannot be', () => {
    expect(conditionFault(emptyCondition('reason'))).toBe('pol.rule.pick_one');
    expect(conditionFault(emptyCondition('category'))).toBe('pol.rule.needed');
    expect(conditionFault(emptyCondition('quantity'))).toBe('pol.rule.no_limit');
    expect(conditionFault({ ...emptyCondition('quantity'), atMost: '2.5' })).toBe('pol.rule.bad_number');
    expect(conditionFault({ ...emptyCondition('market'), words: 'Germany' })).toBe('pol.rule.bad_market');
    expect(conditionFault({ ...emptyCondition('market'), words: 'de, EU' })).toBeNull();
    expect(conditionFault({ ...emptyCondition('price'), atMost: '19,99' })).toBeNull();
    expect(conditionFault({ ...emptyCondition('price'), currency: 'JPY', atMost: '19.99' })).toBe('pol.rule.bad_amount');
    expect(answerFault({ kind: 'offer', offer: 'discount', postage: 'buyer', percent: '0' })).toBe('pol.rule.bad_percent');
    expect(answerFault({ kind: 'reject', offer: 'discount', postage: 'buyer', percent: '' })).toBeNull();
  });

  it('keep every rule when one is moved, and stay when it cannot go further', () => {
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 1, 2)).toEqual(['a', 'b']);
  });

  it('take words however they are separated, each once', () => {
    expect(wordsIn(' a, b ;c\n a,, ')).toEqual(['a', 'b', 'c']);
  });
});
