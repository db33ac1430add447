import { describe, expect, it } from 'vitest';
import { diffOf, same } from '../../src/console/policies/rule_diff';
import type { Policy, Rule } from '../../src/console/policies/rules';

const rule = (name: string, days = 14): Rule => ({ name, because: 'general', answer: { kind: 'reject' }, when: [{ fact: 'days_since_delivery', at_least: days, at_most: null }] });
const policy = (...rules: Rule[]): Policy => ({ title: 'x', rules, otherwise: { kind: 'ask_a_person' } });
const kinds = (before: Policy, after: Policy) => diffOf(before, after).map((one) => [one.kind, 'after' in one ? one.after.name : one.before.name]);

describe('what two versions differ in', () => {
  it('is nothing for the same rules, whatever the order of their fields', () => {
    expect(diffOf(policy(rule('a'), rule('b')), policy(rule('a'), rule('b')))).toEqual([]);
    expect(same({ a: 1, b: null }, { a: 1 })).toBe(true);
    expect(same({ a: 1, b: [1, { c: 2, d: 3 }] }, { b: [1, { d: 3, c: 2 }], a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
  });

  it('names what came, went and changed', () => {
    expect(kinds(policy(rule('a'), rule('b'), rule('c')), policy(rule('a', 30), rule('c'), rule('d')))).toEqual([['removed', 'b'], ['changed', 'a'], ['added', 'd']]);
  });

  it('calls only that moved which was moved', () => {
    expect(kinds(policy(rule('a'), rule('b'), rule('c'), rule('d')), policy(rule('d'), rule('a'), rule('b'), rule('c')))).toEqual([['moved', 'd']]);
    expect(kinds(policy(rule('x'), rule('a'), rule('b')), policy(rule('a'), rule('b')))).toEqual([['removed', 'x']]);
  });
});
