/** What the inspections were worth, with the assumptions it rests on open to change. */
import { useState } from 'preact/hooks';
import { money } from '../../base/time';
import { Field } from '../../base/ui';
import { minorOf, type Assumed, type Figures, type Worth } from './shapes';
import { tf } from './text';
import { count, percent } from './words';

export function WorthCard({ figures, assumed, onAssume }: { figures: Figures; assumed: Assumed; onAssume: (next: Assumed) => void }) {
  const [postage, setPostage] = useState((assumed.postage_minor / 100).toFixed(2));
  const [handling, setHandling] = useState((assumed.handling_minor / 100).toFixed(2));
  const [lost, setLost] = useState(String(assumed.lost_percent));
  const lostPercent = /^\d{1,3}$/.test(lost.trim()) && Number(lost) <= 100 ? Number(lost) : null;
  const apply = (): void => {
    const next = [minorOf(postage), minorOf(handling)];
    if (next[0] === null || next[1] === null || next[0] === undefined || next[1] === undefined || lostPercent === null) return;
    onAssume({ postage_minor: next[0], handling_minor: next[1], lost_percent: lostPercent });
  };
  const amountError = (text: string): string | null => (minorOf(text) === null ? tf('fig.wrong_amount') : null);
  return (
    <section class="card stack" aria-labelledby="worth-title" data-test="worth">
      <h2 id="worth-title">{tf('fig.worth')}</h2>
      {figures.worth.map((one) => <OneCurrency key={one.currency} worth={one} />)}
      {figures.worth.some((one) => one.avoided !== null) ? <p class="xs quiet">{tf('fig.worth_caution')}</p> : null}
      <form class="assumed" onSubmit={(event) => { event.preventDefault(); apply(); }}>
        <fieldset class="assumed-fields" onChange={apply}>
          <legend>{tf('fig.assumed')}</legend>
          <Field label={tf('fig.assumed_postage')} inputMode="decimal" value={postage} test="assume-postage" error={amountError(postage)} onInput={(event) => setPostage(event.currentTarget.value)} />
          <Field label={tf('fig.assumed_handling')} inputMode="decimal" value={handling} test="assume-handling" error={amountError(handling)} onInput={(event) => setHandling(event.currentTarget.value)} />
          <Field label={tf('fig.assumed_lost')} inputMode="numeric" value={lost} test="assume-lost" error={lostPercent === null ? tf('fig.wrong_percent') : null} onInput={(event) => setLost(event.currentTarget.value)} />
        </fieldset>
      </form>
    </section>
  );
}

function OneCurrency({ worth }: { worth: Worth }) {
  if (worth.avoided === null || worth.total_minor === null) return <p class="s quiet" data-test="worth-nothing">{tf('fig.worth_nothing')}</p>;
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency: worth.currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const amount = (minor: number | null): string => money((minor ?? 0) / 10 ** digits, worth.currency);
  const shares = {
    video_count: worth.by_video_decided, video_share: percent(worth.by_video_resolved, worth.by_video_decided),
    other_count: worth.without_decided, other_share: percent(worth.without_resolved, worth.without_decided),
  };
  return (
    <div class="stack tight">
      <p class="worth-total"><strong class="tile-value" data-test="worth-total">{amount(worth.total_minor)}</strong> <span class="s quiet">{tf('fig.saved', { currency: worth.currency })}</span></p>
      <p class="s">{worth.avoided > 0 ? tf('fig.worth_words', { ...shares, avoided: count(Math.round(worth.avoided)) }) : tf('fig.worth_loss', shares)}</p>
      <dl class="worth-parts s">
        <div><dt>{tf('fig.postage')}</dt><dd class="num">{amount(worth.postage_minor)}</dd></div>
        <div><dt>{tf('fig.handling')}</dt><dd class="num">{amount(worth.handling_minor)}</dd></div>
        <div><dt>{tf('fig.goods')}</dt><dd class="num">{amount(worth.goods_minor)}</dd></div>
      </dl>
    </div>
  );
}
