/** The retention page: how long closed cases are kept, by claim and market, and what that means for one. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, callWithEtag, matching } from '../../base/api';
import type { Reason } from '../../base/protocol/words';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { serverNowMs, shortDate } from '../../base/time';
import { Button, Dialog, Field, Icon, IconButton, Select, Skeleton, toast } from '../../base/ui';
import { REASONS } from '../reasons/choices';
import { draftOf, emptyDraft, faultsOf, keptBy, ruleOf, type Fault, type KeepRule, type RuleDraft } from './rules';
import { tr } from './text';
import './retention.css';

const PATH = '/api/v1/retention';

interface Rules {
  readonly rules: readonly KeepRule[];
}

export function RetentionPage() {
  const [drafts, setDrafts] = useState<readonly RuleDraft[] | null>(null);
  const [saved, setSaved] = useState('[]');
  const [etag, setEtag] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const [conflict, setConflict] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const mayWrite = staff.value?.roles.includes('admin') ?? false;
  const read = (found: Rules, tag: string | null): void => {
    setDrafts(found.rules.map(draftOf));
    setSaved(JSON.stringify(found.rules));
    setEtag(tag);
    setTried(false);
    setConflict(false);
    setFailure(null);
    setRefused(null);
  };
  const load = async (): Promise<void> => {
    try {
      const { value, etag: tag } = await callWithEtag<Rules>('GET', PATH);
      read(value, tag);
    } catch (error) {
      if (!endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => void load(), []);
  if (drafts === null) {
    if (failure === null) return <main class="page" aria-busy="true"><Skeleton height={64} /><Skeleton height={220} /></main>;
    return <main class="page nothing"><div class="notice bad"><Icon name="warning" /><h1>{tr('ret.failed')}</h1><p class="quiet">{failureWords(failure)}</p><Button variant="primary" onClick={() => void load()}>{tr('base.try_again')}</Button></div></main>;
  }
  const faults = faultsOf(drafts);
  const rules = drafts.map(ruleOf);
  const changed = JSON.stringify(rules) !== saved;
  const change = (key: number, part: Partial<RuleDraft>): void => setDrafts(drafts.map((one) => (one.key === key ? { ...one, ...part } : one)));
  const save = async (): Promise<void> => {
    setBusy(true);
    setRefused(null);
    try {
      const { value, etag: tag } = await callWithEtag<Rules>('PUT', PATH, { body: { rules }, ...matching(etag) });
      read(value, tag);
      toast(tr('ret.saved'));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'version_conflict') setConflict(true);
      else if (!endedLogin(error)) setRefused(failureWords(error));
    }
    setAsking(false);
    setBusy(false);
  };
  return (
    <main class="page retention" data-test="retention-page">
      <header class="stack tight"><h1>{tr('ret.title')}</h1><p class="quiet">{tr('ret.intro')}</p>{mayWrite ? null : <p class="s quiet">{tr('ret.admins')}</p>}</header>
      <section class="card stack" aria-labelledby="ret-rules">
        <h2 id="ret-rules">{tr('ret.rules')}</h2>
        {drafts.length === 0 ? <p class="s quiet" data-test="no-rules">{tr('ret.none')}</p> : (
          <ul class="keep-rules">
            {drafts.map((draft, at) => <Row key={draft.key} draft={draft} number={at + 1} fault={tried ? faults.get(draft.key) ?? null : null} mayWrite={mayWrite} onChange={(part) => change(draft.key, part)} onDrop={() => setDrafts(drafts.filter((one) => one.key !== draft.key))} />)}
          </ul>
        )}
        {mayWrite ? <div><Button icon="plus" test="add-rule" onClick={() => setDrafts([...drafts, emptyDraft()])}>{tr('ret.add')}</Button></div> : null}
        {refused !== null ? <p class="wrong" role="alert" data-test="retention-refused">{tr('ret.not_saved', { reason: refused })}</p> : null}
        {conflict ? (
          <div class="conflict stack" role="alert" data-test="retention-conflict">
            <p>{tr('ret.conflict')}</p>
            <div><Button onClick={() => void load()} test="load-theirs">{tr('ret.load_theirs')}</Button></div>
          </div>
        ) : mayWrite && changed ? (
          <div class="row wrap">
            <Button variant="primary" test="save-rules" onClick={() => { setTried(true); if (faults.size === 0) setAsking(true); }}>{tr('ret.save')}</Button>
            {tried && faults.size > 0 ? <p class="s wrong" role="alert">{tr('ret.mend', { count: faults.size })}</p> : null}
          </div>
        ) : null}
      </section>
      <Example rules={drafts.filter((one) => !faults.has(one.key)).map(ruleOf)} unsaved={changed} />
      {asking ? (
        <Dialog
          title={tr('ret.sure')} onClose={() => setAsking(false)} test="retention-dialog"
          actions={<><Button onClick={() => setAsking(false)}>{tr('base.cancel')}</Button><Button variant="danger" busy={busy} test="save-yes" onClick={() => void save()}>{tr('ret.save')}</Button></>}
        ><p>{tr(rules.length === 0 ? 'ret.sure_none' : 'ret.sure_words')}</p></Dialog>
      ) : null}
    </main>
  );
}

interface RowProps {
  draft: RuleDraft;
  number: number;
  fault: Fault | null;
  mayWrite: boolean;
  onChange: (part: Partial<RuleDraft>) => void;
  onDrop: () => void;
}

function Row({ draft, number, fault, mayWrite, onChange, onDrop }: RowProps) {
  if (!mayWrite) return <li class="s" data-test="keep-rule"><RuleWords rule={ruleOf(draft)} /></li>;
  return (
    <li data-test="keep-rule">
      <div class="keep-rule" role="group" aria-label={tr('ret.rule', { number })}>
        <Field label={tr('ret.days')} inputMode="numeric" maxLength={5} test="rule-days" value={draft.days} error={fault === 'days' ? tr('ret.bad_days') : null} onInput={(event) => onChange({ days: event.currentTarget.value })} />
        <Select<Reason | ''> label={tr('ret.claim')} test="rule-reason" value={draft.reason} onPick={(reason) => onChange({ reason })} options={[{ value: '', label: tr('ret.every_claim') }, ...REASONS.map((value) => ({ value, label: tr(`reason.${value}`) }))]} />
        <Field label={tr('ret.market')} placeholder={tr('ret.every_market')} maxLength={2} autocomplete="off" test="rule-market" value={draft.market} error={fault === 'market' ? tr('ret.bad_market') : null} onInput={(event) => onChange({ market: event.currentTarget.value })} />
        <Field label={tr('ret.since')} type="date" test="rule-since" value={draft.since} error={fault === 'twice' ? tr('ret.twice') : null} onInput={(event) => onChange({ since: event.currentTarget.value })} />
        <IconButton icon="close" variant="plain" label={tr('ret.drop', { number })} test="drop-rule" onClick={onDrop} />
      </div>
    </li>
  );
}

/** Which rule would keep a case how long, by the rules as they stand on the page. */
function Example({ rules, unsaved }: { rules: readonly KeepRule[]; unsaved: boolean }) {
  const [reason, setReason] = useState<Reason>('damaged');
  const [market, setMarket] = useState('');
  const [closedOn, setClosedOn] = useState(() => new Date(serverNowMs()).toISOString().slice(0, 10));
  const rule = closedOn === '' ? null : keptBy(rules, { reason, market: market.trim().toUpperCase() || null, closedOn });
  return (
    <section class="card stack" aria-labelledby="ret-example">
      <h2 id="ret-example">{tr('ret.example')}</h2>
      <div class="keep-example">
        <Select<Reason> label={tr('ret.claim')} test="example-reason" value={reason} onPick={setReason} options={REASONS.map((value) => ({ value, label: tr(`reason.${value}`) }))} />
        <Field label={tr('ret.market')} maxLength={2} autocomplete="off" test="example-market" value={market} onInput={(event) => setMarket(event.currentTarget.value)} />
        <Field label={tr('ret.closed_on')} type="date" test="example-closed" value={closedOn} onInput={(event) => setClosedOn(event.currentTarget.value)} />
      </div>
      <div role="status" class="stack tight" data-test="example-answer">
        {rule === null ? <p>{tr('ret.no_rule')}</p> : (
          <>
            <p><strong>{tr('ret.until', { when: shortDate(Date.parse(`${closedOn}T12:00`) + rule.days * 86_400_000) })}</strong></p>
            <p class="s quiet"><RuleWords rule={rule} /></p>
          </>
        )}
        {unsaved ? <p class="xs faint">{tr('ret.unsaved')}</p> : null}
      </div>
    </section>
  );
}

function RuleWords({ rule }: { rule: KeepRule }) {
  const words = [
    tr('ret.days_after', { count: rule.days }),
    rule.reason === null ? tr('ret.every_claim') : tr(`reason.${rule.reason}`),
    rule.market ?? tr('ret.every_market'),
    ...(rule.since === null ? [] : [tr('ret.closed_since', { when: shortDate(`${rule.since}T12:00`) })]),
  ];
  return <>{words.join(' · ')}</>;
}
