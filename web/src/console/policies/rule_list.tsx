/** Rules in order, each in plain words; one at a time is open to be changed. */
import { useState } from 'preact/hooks';
import { Button, Icon } from '../../base/ui';
import { AnswerFields } from './answer_fields';
import { emptyRule, moved, ruleIsTyped, ruleOf, type PolicyDraft, type RuleDraft } from './draft';
import { RuleForm } from './rule_form';
import type { Answer, Checked, Finding, Rule } from './rules';
import { tp } from './text';
import { answerWords } from './answer_words';
import { conditionWords } from './words';

export function RuleWords({ rule }: { rule: Rule }) {
  return (
    <p class="rule-words">
      <span class="rule-when">
        {rule.when.length === 0 ? tp('pol.rules.always') : rule.when.map((condition, at) => (
          <span key={at}>{at > 0 ? <span class="faint"> {tp('pol.rules.and')} </span> : null}{conditionWords(condition)}</span>
        ))}
      </span>
      <AnswerWords answer={rule.answer} />
    </p>
  );
}

export function AnswerWords({ answer }: { answer: Answer }) {
  return <span class={`rule-answer ${answer.kind}`}><Icon name="forward" />{answerWords(answer)}</span>;
}

/** Rules that cannot be changed here. */
export function RulesRead({ rules, otherwise }: { rules: readonly Rule[]; otherwise: Answer | null }) {
  return (
    <section class="card stack" aria-labelledby="rules-title">
      <h2 id="rules-title">{tp('pol.rules.title')}</h2>
      {rules.length === 0 ? <p class="s quiet">{tp('pol.rules.none')}</p> : null}
      <ol class="rules">
        {rules.map((rule, at) => (
          <li key={rule.name} class="rule" data-test={`rule-${at}`}>
            <span class="rule-number num" aria-hidden="true">{at + 1}</span>
            <div class="grow"><h3>{rule.name}</h3><RuleWords rule={rule} /></div>
          </li>
        ))}
        {otherwise ? (
          <li class="rule otherwise"><span class="rule-number" aria-hidden="true">…</span><div class="grow"><h3>{tp('pol.rules.otherwise')}</h3><p class="rule-words"><AnswerWords answer={otherwise} /></p></div></li>
        ) : null}
      </ol>
    </section>
  );
}

interface Props {
  draft: PolicyDraft;
  checked: Checked | null;
  tried: boolean;
  onChange: (draft: PolicyDraft) => void;
}

export function RulesEdited({ draft, checked, tried, onChange }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const [removed, setRemoved] = useState<{ rule: RuleDraft; at: number } | null>(null);
  const setRules = (rules: readonly RuleDraft[]): void => onChange({ ...draft, rules });
  const add = (rule: RuleDraft, at: number): void => {
    setRules([...draft.rules.slice(0, at), rule, ...draft.rules.slice(at)]);
    setOpen(rule.key);
  };
  const remove = (rule: RuleDraft, at: number): void => {
    setRules(draft.rules.filter((one) => one.key !== rule.key));
    setRemoved(ruleIsTyped(rule) ? { rule, at } : null);
  };
  return (
    <section class="card stack" aria-labelledby="rules-title" data-test="rules">
      <h2 id="rules-title">{tp('pol.rules.title')}</h2>
      {draft.rules.length === 0 ? <p class="s quiet">{tp('pol.rules.none')}</p> : null}
      <ol class="rules">
        {draft.rules.map((rule, at) => (
          <EditedRule
            key={rule.key} rule={rule} at={at} last={at === draft.rules.length - 1} open={open === rule.key} tried={tried}
            findings={checked?.findings.filter((one) => one.position === at) ?? []}
            sentences={checked?.words.find((one) => one.rule === rule.name.trim())?.sentences ?? null}
            onChange={(next) => setRules(draft.rules.map((one) => (one.key === rule.key ? next : one)))}
            onOpen={(wanted) => setOpen(wanted ? rule.key : null)}
            onMove={(by) => { setRules(moved(draft.rules, at, at + by)); keepFocus(); }}
            onCopy={() => add({ ...rule, key: emptyRule().key, name: tp('pol.rules.copy_name', { name: rule.name }).slice(0, 80) }, at + 1)}
            onRemove={() => remove(rule, at)}
          />
        ))}
        {removed ? (
          <li class="rule-removed s" role="status">
            {tp('pol.rules.removed', { name: removed.rule.name })}
            <Button size="small" test="undo-remove" onClick={() => { setRules([...draft.rules.slice(0, removed.at), removed.rule, ...draft.rules.slice(removed.at)]); setRemoved(null); }}>{tp('pol.rules.undo')}</Button>
          </li>
        ) : null}
        <li class="rule-add"><Button icon="plus" test="add-rule" onClick={() => add(emptyRule(), draft.rules.length)}>{tp('pol.rules.add')}</Button></li>
        <li class="rule otherwise" data-test="otherwise">
          <span class="rule-number" aria-hidden="true">…</span>
          <div class="grow stack">
            <h3>{tp('pol.rules.otherwise')}</h3>
            <AnswerFields answer={draft.otherwise} tried={tried} test="otherwise" onChange={(otherwise) => onChange({ ...draft, otherwise })} />
            <p class="s quiet">{tp('pol.rules.otherwise_hint')}</p>
          </div>
        </li>
      </ol>
    </section>
  );
}

/** Moving an element takes the focus from it: give it back, so that pressing again moves on. */
function keepFocus(): void {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement) setTimeout(() => focused.focus());
}

interface EditedProps {
  rule: RuleDraft;
  at: number;
  last: boolean;
  open: boolean;
  tried: boolean;
  findings: readonly Finding[];
  sentences: Readonly<Record<string, string>> | null;
  onChange: (rule: RuleDraft) => void;
  onOpen: (open: boolean) => void;
  onMove: (by: number) => void;
  onCopy: () => void;
  onRemove: () => void;
}

function EditedRule({ rule, at, last, open, tried, findings, sentences, onChange, onOpen, onMove, onCopy, onRemove }: EditedProps) {
  const name = rule.name.trim() || tp('pol.rules.unnamed');
  const whole = ruleIsTyped(rule);
  const wrong = findings.length > 0 || (tried && !whole);
  return (
    <li class={`rule${open ? ' open' : ''}${wrong ? ' has-fault' : ''}`} data-test={`rule-${at}`}>
      <span class="rule-number num" aria-hidden="true">{at + 1}</span>
      <div class="grow">
        <div class="rule-head">
          <h3>{name}</h3>
          <div class="rule-tools">
            <Button icon="forward" class="icon-button turn-up" variant="plain" aria-label={tp('pol.rules.up', { name })} title={tp('pol.rules.up', { name })} aria-disabled={at === 0} test={`rule-${at}-up`} onClick={() => onMove(-1)} />
            <Button icon="forward" class="icon-button turn-down" variant="plain" aria-label={tp('pol.rules.down', { name })} title={tp('pol.rules.down', { name })} aria-disabled={last} test={`rule-${at}-down`} onClick={() => onMove(1)} />
            <Button variant={open ? 'primary' : 'normal'} aria-expanded={open} aria-label={open ? undefined : tp('pol.rules.edit_named', { name })} test={`rule-${at}-edit`} onClick={() => onOpen(!open)}>{tp(open ? 'pol.rules.done' : 'pol.rules.edit')}</Button>
          </div>
        </div>
        {findings.map((one) => <p key={one.code} class="wrong rule-finding" role="alert" data-test={`finding-${one.code}`}><Icon name="warning" />{one.message}</p>)}
        {open ? (
          <>
            <RuleForm rule={rule} at={at} tried={tried} sentences={sentences} onChange={onChange} />
            <div class="row wrap rule-end">
              <Button size="small" icon="copy" disabled={!whole} onClick={onCopy}>{tp('pol.rules.copy')}</Button>
              <Button size="small" icon="close" variant="danger-quiet" test={`rule-${at}-remove`} onClick={onRemove}>{tp('pol.rules.remove')}</Button>
            </div>
          </>
        ) : whole ? <RuleWords rule={ruleOf(rule)} /> : <p class="s wrong">{tp('pol.rule.says_later')}</p>}
      </div>
    </li>
  );
}
