/** Rules as they are typed: drafts, and the policy they become. Pure. */
import type { Reason } from '../../base/protocol/words';
import type { Answer, AnswerKind, Because, Condition, Fact, Match, OfferKind, Policy, Postage, Rule, Within } from './rules';
import { REASONS_OF } from './rules';

export interface ConditionDraft {
  readonly key: number;
  readonly fact: Fact;
  readonly match: Match;
  /** Words separated by commas: markets and categories. */
  readonly words: string;
  readonly reasons: readonly Reason[];
  readonly atLeast: string;
  readonly atMost: string;
  readonly currency: string;
  readonly within: Within;
  readonly given: boolean;
}

export interface AnswerDraft {
  readonly kind: AnswerKind;
  readonly postage: Postage;
  readonly offer: OfferKind;
  readonly percent: string;
}

export interface RuleDraft {
  readonly key: number;
  readonly name: string;
  readonly when: readonly ConditionDraft[];
  readonly answer: AnswerDraft;
  readonly because: Because;
}

export interface PolicyDraft {
  readonly title: string;
  readonly rules: readonly RuleDraft[];
  readonly otherwise: AnswerDraft;
}

let nextKey = 1;
const key = (): number => nextKey++;

export function emptyCondition(fact: Fact): ConditionDraft {
  return { key: key(), fact, match: 'any_of', words: '', reasons: [], atLeast: '', atMost: '', currency: 'EUR', within: 90, given: true };
}

export function emptyRule(): RuleDraft {
  return { key: key(), name: '', when: [emptyCondition('reason')], answer: answerDraftOf({ kind: 'inspect_by_video' }), because: 'general' };
}

function answerDraftOf(answer: Answer | null): AnswerDraft {
  const bare: AnswerDraft = { kind: 'ask_a_person', postage: 'buyer', offer: 'discount', percent: '20' };
  if (answer === null) return bare;
  if (answer.kind === 'approve') return { ...bare, kind: 'approve', postage: answer.postage };
  if (answer.kind === 'offer') return { ...bare, kind: 'offer', offer: answer.offer, percent: String(answer.percent ?? 20) };
  return { ...bare, kind: answer.kind };
}

const typed = (value: number | string | null | undefined): string => (value === null || value === undefined ? '' : String(value));

function conditionDraftOf(condition: Condition): ConditionDraft {
  const bare = emptyCondition(condition.fact);
  switch (condition.fact) {
    case 'market':
    case 'category': return { ...bare, match: condition.match, words: condition.values.join(', ') };
    case 'reason': return { ...bare, match: condition.match, reasons: condition.values };
    case 'photographs': return { ...bare, given: condition.given };
    case 'price':
    case 'value': return { ...bare, currency: condition.currency, atLeast: typed(condition.at_least), atMost: typed(condition.at_most) };
    case 'returns': return { ...bare, within: condition.within_days, atLeast: typed(condition.at_least), atMost: typed(condition.at_most) };
    default: return { ...bare, atLeast: typed(condition.at_least), atMost: typed(condition.at_most) };
  }
}

export function ruleDraftOf(rule: Rule): RuleDraft {
  return { key: key(), name: rule.name, when: rule.when.map(conditionDraftOf), answer: answerDraftOf(rule.answer), because: rule.because };
}

export function draftOf(policy: Policy): PolicyDraft {
  return { title: policy.title, rules: policy.rules.map(ruleDraftOf), otherwise: answerDraftOf(policy.otherwise) };
}

export type Fault = 'pol.rule.needed' | 'pol.rule.bad_number' | 'pol.rule.bad_amount' | 'pol.rule.bad_market' | 'pol.rule.no_limit' | 'pol.rule.bad_percent' | 'pol.rule.pick_one';

export function wordsIn(text: string): string[] {
  return [...new Set(text.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean))];
}

const NO_DECIMALS = new Set(['JPY', 'KRW', 'VND', 'CLP', 'ISK']);

function limitsFault(condition: ConditionDraft): Fault | null {
  const { atLeast, atMost } = condition;
  const given = [atLeast, atMost].map((one) => one.trim()).filter(Boolean);
  if (given.length === 0) return 'pol.rule.no_limit';
  if (condition.fact === 'price' || condition.fact === 'value') {
    const pattern = NO_DECIMALS.has(condition.currency) ? /^\d{1,9}$/ : /^\d{1,9}([.,]\d{1,2})?$/;
    return given.every((one) => pattern.test(one)) ? null : 'pol.rule.bad_amount';
  }
  return given.every((one) => /^\d{1,5}$/.test(one)) ? null : 'pol.rule.bad_number';
}

/** What is wrong with one condition as it is typed. */
export function conditionFault(condition: ConditionDraft): Fault | null {
  switch (condition.fact) {
    case 'market': {
      const words = wordsIn(condition.words);
      if (words.length === 0) return 'pol.rule.needed';
      return words.every((word) => /^[A-Za-z]{2}$/.test(word)) ? null : 'pol.rule.bad_market';
    }
    case 'category': return wordsIn(condition.words).length === 0 ? 'pol.rule.needed' : null;
    case 'reason': return condition.reasons.length === 0 ? 'pol.rule.pick_one' : null;
    case 'photographs': return null;
    default: return limitsFault(condition);
  }
}

export function answerFault(answer: AnswerDraft): Fault | null {
  if (answer.kind !== 'offer' || answer.offer !== 'discount') return null;
  const percent = Number(answer.percent);
  return /^\d{1,3}$/.test(answer.percent.trim()) && percent >= 1 && percent <= 100 ? null : 'pol.rule.bad_percent';
}

/** Whether a rule can be sent at all. */
export function ruleIsTyped(rule: RuleDraft): boolean {
  return rule.name.trim() !== '' && answerFault(rule.answer) === null && rule.when.every((one) => conditionFault(one) === null);
}

/** How much is missing before the server can be asked. */
export function faultCount(draft: PolicyDraft): number {
  return draft.rules.filter((rule) => !ruleIsTyped(rule)).length + (draft.title.trim() ? 0 : 1) + (answerFault(draft.otherwise) ? 1 : 0);
}

function answerOf(draft: AnswerDraft): Answer {
  if (draft.kind === 'approve') return { kind: 'approve', postage: draft.postage };
  if (draft.kind === 'offer') return draft.offer === 'discount' ? { kind: 'offer', offer: 'discount', percent: Number(draft.percent) } : { kind: 'offer', offer: draft.offer };
  return { kind: draft.kind };
}

const count = (text: string): number | null => (text.trim() ? Number(text.trim()) : null);
const amount = (text: string): string | null => (text.trim() ? text.trim().replace(',', '.') : null);

function conditionOf(draft: ConditionDraft): Condition {
  const { fact } = draft;
  switch (fact) {
    case 'market': return { fact, match: draft.match, values: wordsIn(draft.words).map((word) => word.toUpperCase()) };
    case 'category': return { fact, match: draft.match, values: wordsIn(draft.words) };
    case 'reason': return { fact, match: draft.match, values: draft.reasons };
    case 'photographs': return { fact, given: draft.given };
    case 'price':
    case 'value': return { fact, currency: draft.currency, at_least: amount(draft.atLeast), at_most: amount(draft.atMost) };
    case 'returns': return { fact, within_days: draft.within, at_least: count(draft.atLeast), at_most: count(draft.atMost) };
    default: return { fact, at_least: count(draft.atLeast), at_most: count(draft.atMost) };
  }
}

export function ruleOf(draft: RuleDraft): Rule {
  const because = REASONS_OF[draft.answer.kind].includes(draft.because) ? draft.because : 'general';
  return { name: draft.name.trim(), when: draft.when.map(conditionOf), answer: answerOf(draft.answer), because };
}

/** The policy of a draft in which nothing is missing. */
export function policyOf(draft: PolicyDraft): Policy {
  return { title: draft.title.trim(), rules: draft.rules.map(ruleOf), otherwise: answerOf(draft.otherwise) };
}

export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const rest = items.filter((_, at) => at !== from);
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return [...items];
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}
