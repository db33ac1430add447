/** Trying a version on some cases first, and what that brings beside the rest. */
import { useEffect, useState } from 'preact/hooks';
import type { Outcome } from '../../base/protocol/words';
import { endedLogin } from '../../base/sign_in';
import { dateAndTime } from '../../base/time';
import { Button, Field, Select, Skeleton } from '../../base/ui';
import { wordsIn } from './draft';
import { useAct } from './force_card';
import { ANSWER_KINDS, endPilot, readEffect, startPilot, type Effect, type EffectSide, type PilotScope, type PolicyVersion } from './rules';
import { tp } from './text';
import { unsaved } from './unsaved';
import { scopeWords } from './words';

interface Props {
  version: PolicyVersion;
  onChanged: (version: PolicyVersion) => void;
}

export function TrialCard({ version, onChanged }: Props) {
  if (version.pilot !== null) return <Trial version={version} onChanged={onChanged} />;
  if (version.state !== 'draft') return null;
  return <StartTrial version={version} onChanged={onChanged} />;
}

function StartTrial({ version, onChanged }: Props) {
  const [kind, setKind] = useState<PilotScope['kind']>('share');
  const [percent, setPercent] = useState('10');
  const [words, setWords] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const { busy, failure, act } = useAct(onChanged);
  const ready = version.previewed && !unsaved.value;
  const start = (): void => {
    let scope: PilotScope;
    if (kind === 'share') {
      if (!/^[1-9]\d?$/.test(percent.trim())) return setFault(tp('pol.trial.bad_percent'));
      scope = { kind, percent: Number(percent) };
    } else {
      const values = wordsIn(words).map((word) => (kind === 'markets' ? word.toUpperCase() : word));
      if (values.length === 0) return setFault(tp('pol.rule.needed'));
      if (kind === 'markets' && !values.every((word) => /^[A-Z]{2}$/.test(word))) return setFault(tp('pol.rule.bad_market'));
      scope = { kind, values };
    }
    setFault(null);
    void act(() => startPilot(version, scope), () => tp('pol.trial.started', { number: version.number }));
  };
  return (
    <section class="card stack" aria-labelledby="trial-title" data-test="trial">
      <h2 id="trial-title">{tp('pol.trial.title')}</h2>
      <p class="s quiet">{tp(ready ? 'pol.trial.hint' : 'pol.force.need_preview')}</p>
      {ready ? (
        <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); start(); }}>
          <Select<PilotScope['kind']> label={tp('pol.trial.scope')} test="trial-kind" value={kind} onPick={(next) => { setKind(next); setFault(null); }} options={[{ value: 'share', label: tp('pol.trial.share') }, { value: 'categories', label: tp('pol.trial.categories') }, { value: 'markets', label: tp('pol.trial.markets') }]} />
          {kind === 'share'
            ? <Field label={tp('pol.trial.percent')} inputMode="numeric" test="trial-percent" value={percent} error={fault} onInput={(event) => setPercent(event.currentTarget.value)} />
            : <Field label={tp(kind === 'markets' ? 'pol.rule.markets' : 'pol.rule.categories')} hint={tp(kind === 'markets' ? 'pol.rule.markets_hint' : 'pol.rule.categories_hint')} test="trial-words" value={words} error={fault} onInput={(event) => setWords(event.currentTarget.value)} />}
          <div><Button type="submit" busy={busy} test="start-trial">{tp('pol.trial.start')}</Button></div>
        </form>
      ) : null}
      {failure ? <p class="wrong" role="alert">{failure}</p> : null}
    </section>
  );
}

function Trial({ version, onChanged }: Props) {
  const { busy, failure, act } = useAct(onChanged);
  const { pilot } = version;
  if (pilot === null) return null;
  const running = version.state === 'pilot';
  return (
    <section class="card stack" aria-labelledby="trial-title" data-test="trial">
      <h2 id="trial-title">{tp('pol.trial.effect')}</h2>
      <p><strong>{scopeWords(pilot.scope)}</strong> <span class="quiet">{pilot.ended_at === null ? tp('pol.trial.since', { when: dateAndTime(pilot.started_at) }) : tp('pol.trial.until', { from: dateAndTime(pilot.started_at), to: dateAndTime(pilot.ended_at) })}</span></p>
      <EffectTable key={version.revision} id={version.id} />
      {running ? <div><Button busy={busy} test="end-trial" onClick={() => void act(() => endPilot(version), () => tp('pol.trial.ended'))}>{tp('pol.trial.end')}</Button></div> : null}
      {failure ? <p class="wrong" role="alert">{failure}</p> : null}
    </section>
  );
}

function EffectTable({ id }: { id: string }) {
  const [effect, setEffect] = useState<Effect | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => { readEffect(id).then(setEffect, (error: unknown) => { if (!endedLogin(error)) setFailed(true); }); }, [id]);
  if (failed) return <p class="s wrong" role="alert">{tp('pol.trial.effect_failed')}</p>;
  if (effect === null) return <Skeleton height={120} />;
  const { pilot, rest } = effect;
  if (pilot.cases + rest.cases === 0) return <p class="s quiet" data-test="effect-empty">{tp('pol.trial.nothing')}</p>;
  const outcomes = (Object.keys({ ...pilot.outcomes, ...rest.outcomes }) as Outcome[]).sort();
  return (
    <table class="table counts" data-test="effect">
      <thead><tr><th scope="col"><span class="sr">{tp('pol.preview.answer')}</span></th><th scope="col" class="num">{tp('pol.trial.tried')}</th><th scope="col" class="num">{tp('pol.trial.rest')}</th></tr></thead>
      <tbody>
        <Row label={tp('pol.trial.cases')} sides={[pilot, rest]} of={(side) => String(side.cases)} />
        {ANSWER_KINDS.filter((kind) => (pilot.answers[kind] ?? 0) + (rest.answers[kind] ?? 0) > 0).map((kind) => <Row key={kind} label={tp(`pol.answer.${kind}`)} sides={[pilot, rest]} of={(side) => shareOf(side.answers[kind] ?? 0, side.cases)} />)}
        <Row label={tp('pol.trial.decided')} sides={[pilot, rest]} of={(side) => shareOf(side.decided, side.cases)} />
        {outcomes.map((outcome) => <Row key={outcome} label={tp('pol.trial.outcome', { outcome: tp(`outcome.${outcome}`) })} sides={[pilot, rest]} of={(side) => shareOf(side.outcomes[outcome] ?? 0, side.decided)} />)}
        <Row label={tp('pol.trial.hours')} sides={[pilot, rest]} of={(side) => (side.hours_to_decision === null ? '–' : side.hours_to_decision.toFixed(1))} />
      </tbody>
    </table>
  );
}

function shareOf(count: number, whole: number): string {
  return whole === 0 ? '–' : `${count} (${Math.round((100 * count) / whole)} %)`;
}

function Row({ label, sides, of }: { label: string; sides: readonly EffectSide[]; of: (side: EffectSide) => string }) {
  return <tr><th scope="row">{label}</th>{sides.map((side, at) => <td key={at} class="num">{of(side)}</td>)}</tr>;
}
