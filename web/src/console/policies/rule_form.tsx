/** One rule in a form: its name, its conditions, its answer, and the sentence that comes of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Reason } from '../../base/protocol/words';
import { directionOf } from '../../base/text';
import { languageName } from '../../base/time';
import { Button, Field, IconButton, Select } from '../../base/ui';
import { AnswerFields } from './answer_fields';
import { conditionFault, emptyCondition, wordsIn, type ConditionDraft, type RuleDraft } from './draft';
import { REASONS_OF, type Fact, type Match, type Within } from './rules';
import { tp } from './text';
import { factWords } from './answer_words';
import { marketWords } from './words';

const FACTS: readonly Fact[] = ['reason', 'days_since_delivery', 'market', 'category', 'value', 'price', 'quantity', 'photographs', 'returns', 'refused_share'];
const REASONS: readonly Reason[] = ['damaged', 'defective', 'not_as_described', 'wrong_item', 'missing_parts', 'colour_differs', 'size_fit', 'changed_mind', 'other'];
const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'CNY', 'JPY', 'SEK', 'DKK', 'NOK', 'PLN', 'CZK'] as const;
const MATCHES: readonly Match[] = ['any_of', 'none_of'];
const SPANS: readonly Within[] = [30, 90, 365];

interface Props {
  rule: RuleDraft;
  at: number;
  tried: boolean;
  sentences: Readonly<Record<string, string>> | null;
  onChange: (rule: RuleDraft) => void;
}

export function RuleForm({ rule, at, tried, sentences, onChange }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => frame.current?.querySelector<HTMLInputElement>('input')?.focus(), []);
  const setCondition = (key: number, next: ConditionDraft): void => onChange({ ...rule, when: rule.when.map((one) => (one.key === key ? next : one)) });
  const reasons = REASONS_OF[rule.answer.kind];
  return (
    <div class="rule-form stack" ref={frame}>
      <Field label={tp('pol.rule.name')} hint={tp('pol.rule.name_hint')} maxLength={80} test={`rule-${at}-name`} value={rule.name} error={tried && !rule.name.trim() ? tp('pol.rule.needed') : null} onInput={(event) => onChange({ ...rule, name: event.currentTarget.value })} />
      <div class="field" role="group" aria-label={tp('pol.rule.conditions')}>
        <span class="label">{tp('pol.rule.conditions')}</span>
        {rule.when.length === 0 ? <p class="s quiet">{tp('pol.rules.always')}</p> : null}
        {rule.when.map((condition, i) => (
          <ConditionRow
            key={condition.key} condition={condition} tried={tried} number={i + 1} test={`rule-${at}-condition-${i}`}
            onChange={(next) => setCondition(condition.key, next)}
            onRemove={() => onChange({ ...rule, when: rule.when.filter((one) => one.key !== condition.key) })}
          />
        ))}
        <div><Button size="small" icon="plus" test={`rule-${at}-add-condition`} disabled={rule.when.length >= 12} onClick={() => onChange({ ...rule, when: [...rule.when, emptyCondition(unused(rule))] })}>{tp('pol.rule.add_condition')}</Button></div>
      </div>
      <AnswerFields answer={rule.answer} tried={tried} test={`rule-${at}`} onChange={(answer) => onChange({ ...rule, answer, because: REASONS_OF[answer.kind].includes(rule.because) ? rule.because : 'general' })} />
      {reasons.length > 1 ? (
        <Select label={tp('pol.rule.because')} test={`rule-${at}-because`} value={rule.because} onPick={(because) => onChange({ ...rule, because })} options={reasons.map((value) => ({ value, label: tp(`pol.because.${value}`) }))} />
      ) : null}
      <Says sentences={sentences} />
    </div>
  );
}

function unused(rule: RuleDraft): Fact {
  const used = new Set(rule.when.map((one) => one.fact));
  return FACTS.find((fact) => !used.has(fact)) ?? 'reason';
}

export function Says({ sentences, label = tp('pol.rule.says') }: { sentences: Readonly<Record<string, string>> | null; label?: string }) {
  const [language, setLanguage] = useState('en');
  if (sentences === null) return <p class="says s quiet">{label}: {tp('pol.rule.says_later')}</p>;
  return (
    <div class="says" data-test="says">
      <div class="row between wrap">
        <span class="s says-label">{label}</span>
        <div class="says-languages" role="group" aria-label={tp('pol.rule.says_language')}>
          {Object.keys(sentences).map((tag) => <button key={tag} type="button" class="says-language" aria-pressed={tag === language} onClick={() => setLanguage(tag)}>{languageName(tag)}</button>)}
        </div>
      </div>
      <p lang={language} dir={directionOf(language)}>{sentences[language] ?? sentences['en']}</p>
    </div>
  );
}

interface RowProps {
  condition: ConditionDraft;
  number: number;
  tried: boolean;
  test: string;
  onChange: (condition: ConditionDraft) => void;
  onRemove: () => void;
}

function ConditionRow({ condition, number, tried, test, onChange, onRemove }: RowProps) {
  const set = (change: Partial<ConditionDraft>): void => onChange({ ...condition, ...change });
  return (
    <div class="condition" data-test={test}>
      <Select label={tp('pol.rule.fact')} test={`${test}-fact`} value={condition.fact} onPick={(fact) => onChange({ ...emptyCondition(fact), key: condition.key })} options={FACTS.map((value) => ({ value, label: factWords(value) }))} />
      <div class="condition-values"><Values condition={condition} tried={tried} test={test} set={set} /></div>
      <IconButton icon="close" variant="plain" label={tp('pol.rule.remove_condition', { number })} test={`${test}-remove`} onClick={onRemove} />
    </div>
  );
}

function Values({ condition, tried, test, set }: Pick<RowProps, 'condition' | 'tried' | 'test'> & { set: (change: Partial<ConditionDraft>) => void }) {
  const { fact } = condition;
  const fault = tried ? conditionFault(condition) : null;
  const error = fault ? tp(fault) : null;
  if (fact === 'photographs') {
    return <Select label={tp('pol.rule.photographs')} test={`${test}-given`} value={condition.given ? 'yes' : 'no'} onPick={(value) => set({ given: value === 'yes' })} options={[{ value: 'yes', label: tp('pol.rule.photographs_yes') }, { value: 'no', label: tp('pol.rule.photographs_no') }]} />;
  }
  if (fact === 'market' || fact === 'category') {
    const markets = fact === 'market' ? wordsIn(condition.words).map((word) => word.toUpperCase()).filter((word) => /^[A-Z]{2}$/.test(word)).map(marketWords).join(', ') : '';
    return (
      <>
        <MatchSelect condition={condition} test={test} set={set} />
        <Field label={tp(fact === 'market' ? 'pol.rule.markets' : 'pol.rule.categories')} test={`${test}-words`} value={condition.words} error={error} hint={fact === 'market' ? markets || tp('pol.rule.markets_hint') : tp('pol.rule.categories_hint')} autocomplete="off" onInput={(event) => set({ words: event.currentTarget.value })} />
      </>
    );
  }
  if (fact === 'reason') {
    return (
      <>
        <MatchSelect condition={condition} test={test} set={set} />
        <div class="field" role="group" aria-label={tp('pol.rule.reasons')}>
          <span class="label">{tp('pol.rule.reasons')}</span>
          <div class="picks">
            {REASONS.map((reason) => (
              <button key={reason} type="button" class="pick" aria-pressed={condition.reasons.includes(reason)} data-test={`${test}-reason-${reason}`} onClick={() => set({ reasons: REASONS.filter((one) => condition.reasons.includes(one) !== (one === reason)) })}>{tp(`reason.${reason}`)}</button>
            ))}
          </div>
          {error ? <span class="wrong" role="alert">{error}</span> : null}
        </div>
      </>
    );
  }
  const isMoney = fact === 'price' || fact === 'value';
  return (
    <>
      {isMoney ? <Select label={tp('pol.rule.currency')} test={`${test}-currency`} value={condition.currency} onPick={(currency) => set({ currency })} options={[...new Set<string>([...CURRENCIES, condition.currency])].map((value) => ({ value, label: value }))} /> : null}
      {fact === 'returns' ? <Select label={tp('pol.rule.within')} test={`${test}-within`} value={String(condition.within)} onPick={(value) => set({ within: SPANS.find((span) => String(span) === value) ?? 90 })} options={SPANS.map((span) => ({ value: String(span), label: tp('pol.rule.days', { days: span }) }))} /> : null}
      <Field label={tp('pol.rule.at_least')} inputMode={isMoney ? 'decimal' : 'numeric'} test={`${test}-at-least`} value={condition.atLeast} error={error} onInput={(event) => set({ atLeast: event.currentTarget.value })} />
      <Field label={tp('pol.rule.at_most')} inputMode={isMoney ? 'decimal' : 'numeric'} test={`${test}-at-most`} value={condition.atMost} aria-invalid={error ? true : undefined} onInput={(event) => set({ atMost: event.currentTarget.value })} />
    </>
  );
}

function MatchSelect({ condition, test, set }: Pick<RowProps, 'condition' | 'test'> & { set: (change: Partial<ConditionDraft>) => void }) {
  return <Select label={tp('pol.rule.match')} test={`${test}-match`} value={condition.match} onPick={(match) => set({ match })} options={MATCHES.map((value) => ({ value, label: tp(`pol.rule.${value}`) }))} />;
}
