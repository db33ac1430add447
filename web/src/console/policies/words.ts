/** A rule in plain words. */
import { locale } from '../../base/text';
import { money } from '../../base/time';
import { tp } from './text';
import { factWords } from './answer_words';
import type { Condition, PilotScope } from './rules';

/** `DE` → `Germany`; `EU` stays. */
export function marketWords(code: string): string {
  if (code === 'EU') return 'EU';
  try {
    return new Intl.DisplayNames([locale.value], { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}

const either = (words: readonly string[]): string => new Intl.ListFormat(locale.value, { type: 'disjunction' }).format(words);

function between(fact: string, from: string | null, to: string | null): string {
  if (from !== null && from === to) return tp('pol.words.exactly', { fact, from });
  if (from !== null && to !== null) return tp('pol.words.between', { fact, from, to });
  return from !== null ? tp('pol.words.at_least', { fact, from }) : tp('pol.words.at_most', { fact, to: to ?? '' });
}

const number = (value: number | null | undefined): string | null => (value === null || value === undefined ? null : String(value));

export function conditionWords(condition: Condition): string {
  const fact = factWords(condition.fact);
  switch (condition.fact) {
    case 'photographs': return tp(condition.given ? 'pol.words.photographs_yes' : 'pol.words.photographs_no');
    case 'market':
    case 'category':
    case 'reason': {
      const words = condition.fact === 'reason' ? condition.values.map((one) => tp(`reason.${one}`)) : condition.fact === 'market' ? condition.values.map(marketWords) : condition.values;
      return tp(condition.match === 'any_of' ? 'pol.words.is' : 'pol.words.is_not', { fact, list: either(words) });
    }
    case 'price':
    case 'value': {
      const amount = (value: string | null | undefined): string | null => (value ? money(value, condition.currency) : null);
      return between(fact, amount(condition.at_least), amount(condition.at_most));
    }
    case 'returns': return between(tp('pol.words.returns', { days: condition.within_days }), number(condition.at_least), number(condition.at_most));
    default: return between(fact, number(condition.at_least), number(condition.at_most));
  }
}

export function scopeWords(scope: PilotScope): string {
  if (scope.kind === 'share') return tp('pol.trial.on_share', { percent: scope.percent });
  return tp('pol.trial.on', { list: either(scope.kind === 'markets' ? scope.values.map(marketWords) : scope.values) });
}
