/** The figures page: totals, days, steps, what video changes and is worth, and a table by one dimension. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../../base/api';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { serverNowMs } from '../../base/time';
import { Button, Icon, Select, Skeleton } from '../../base/ui';
import { CasesBehind } from './cases_behind';
import { DayChart } from './day_chart';
import { figuresQuery, STEPS, USUAL, type Assumed, type Behind, type Dimension, type Figures } from './shapes';
import { TableCard } from './table_card';
import { tf } from './text';
import { Tiles } from './tiles';
import { VideoCard } from './video_card';
import { count, percent } from './words';
import { WorthCard } from './worth_card';
import './figures.css';

const SPANS = ['7', '30', '90', '365'] as const;
const READERS = ['admin', 'agent', 'reviewer'];
const days = signal<(typeof SPANS)[number]>('90');
const by = signal<Dimension>('reason');
const assumed = signal<Assumed>(USUAL);

export function FiguresPage() {
  const person = staff.value;
  if (person?.organisation.kind !== 'tenant' || !person.roles.some((role) => READERS.includes(role))) {
    return <main class="page nothing"><div class="notice"><Icon name="lock" /><h1>{tf('fig.title')}</h1><p class="quiet">{tf('fig.not_yours')}</p></div></main>;
  }
  return <Shown />;
}

function Shown() {
  const [found, setFound] = useState<Figures | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const [behind, setBehind] = useState<Behind | null>(null);
  const query = figuresQuery(Number(days.value), by.value, assumed.value, Math.floor(serverNowMs() / 60_000) * 60_000);
  useEffect(() => {
    let wanted = true;
    get<Figures>(`/api/v1/figures?${query}`).then(
      (figures) => { if (wanted) { setFound(figures); setFailure(null); } },
      (error: unknown) => { if (wanted && !endedLogin(error)) setFailure(failureWords(error)); },
    );
    return () => { wanted = false; };
  }, [days.value, by.value, assumed.value, round]);
  return (
    <main class="page figures" data-test="figures" aria-busy={found === null && failure === null}>
      <header class="row between wrap">
        <div class="stack tight grow"><h1>{tf('fig.title')}</h1><p class="quiet">{tf('fig.intro')}</p></div>
        <Select label={tf('fig.span')} hideLabel test="span" value={days.value} onPick={(value) => { days.value = value; }} options={SPANS.map((value) => ({ value, label: tf('fig.last', { count: Number(value) }) }))} />
      </header>
      {failure !== null ? <div class="row wrap" role="alert"><p class="wrong">{tf('fig.failed', { reason: failure })}</p><Button size="small" onClick={() => setRound((now) => now + 1)}>{tf('base.try_again')}</Button></div> : null}
      {found === null ? (failure === null ? <><Skeleton height={110} /><Skeleton height={260} /></> : null) : found.total.cases === 0 ? (
        <div class="notice" data-test="figures-none"><Icon name="chart" /><h2>{tf('fig.none')}</h2></div>
      ) : (
        <>
          <Tiles figures={found} onOpen={setBehind} />
          <div class="figures-two">
            <section class="card stack" aria-labelledby="days-title"><h2 id="days-title">{tf('fig.over_time')}</h2><DayChart days={found.days} since={found.since} until={found.until} /></section>
            <StepsCard figures={found} onOpen={setBehind} />
          </div>
          <div class="figures-two even">
            <VideoCard figures={found} onOpen={setBehind} />
            <WorthCard figures={found} assumed={assumed.value} onAssume={(next) => { assumed.value = next; }} />
          </div>
          <TableCard figures={found} by={by.value} onBy={(next) => { by.value = next; }} csv={`/api/v1/figures/table.csv?${query}`} onOpen={setBehind} />
        </>
      )}
      {behind !== null && found !== null ? <CasesBehind behind={behind} figures={found} onClose={() => setBehind(null)} /> : null}
    </main>
  );
}

function StepsCard({ figures, onOpen }: { figures: Figures; onOpen: (behind: Behind) => void }) {
  const all = figures.steps.opened;
  return (
    <section class="card stack" aria-labelledby="steps-title" data-test="steps">
      <h2 id="steps-title">{tf('fig.steps')}</h2>
      <ol class="steps">
        {STEPS.map((step) => (
          <li key={step}>
            <button type="button" class="step" data-test={`step-${step}`} onClick={() => onOpen({ title: tf(`step.${step}`), step })}>
              <span>{tf(`step.${step}`)}</span>
              <span class="num">{count(figures.steps[step])} <span class="xs quiet">{percent(figures.steps[step], all)}</span></span>
              <progress class="bar" max={Math.max(1, all)} value={figures.steps[step]} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
