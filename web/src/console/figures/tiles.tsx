/** The numbers one looks for first; each opens its cases. */
import type { Behind, Figures } from './shapes';
import { tf } from './text';
import { count, duration, percent } from './words';

export function Tiles({ figures, onOpen }: { figures: Figures; onOpen: (behind: Behind) => void }) {
  const { total } = figures;
  const open = (title: string, rest: Omit<Behind, 'title'> = {}) => () => onOpen({ title, ...rest });
  return (
    <div class="tiles">
      <Tile test="tile-cases" label={tf('fig.opened')} value={count(total.cases)} onOpen={open(tf('fig.opened'))} />
      <Tile test="tile-video" label={tf('fig.by_video')} value={percent(total.by_video, total.cases)} hint={tf('fig.of_cases', { count: total.cases })} onOpen={open(tf('fig.by_video'), { video: true })} />
      <Tile test="tile-resolved" label={tf('fig.resolved')} value={percent(total.resolved, total.decided)} hint={tf('fig.of_decided', { count: total.decided })} onOpen={open(tf('fig.resolved'), { step: 'resolved' })} />
      <Tile test="tile-answer" label={tf('fig.answer')} value={duration(total.answer_s)} hint={total.answered > 0 ? tf('fig.within', { share: percent(total.answered_in_time, total.answered), hours: 24 }) : ''} onOpen={open(tf('step.answered'), { step: 'answered' })} />
      <Tile test="tile-decision" label={tf('fig.decision')} value={duration(total.decision_s)} hint={total.decided > 0 ? tf('fig.within', { share: percent(total.decided_in_time, total.decided), hours: 48 }) : ''} onOpen={open(tf('step.decided'), { step: 'decided' })} />
      <Tile test="tile-refund" label={tf('fig.refund')} value={duration(total.refund_s)} hint={total.refund_s === null ? '' : tf('fig.on_average')} onOpen={open(tf('step.refunded'), { step: 'refunded' })} />
    </div>
  );
}

function Tile({ label, value, hint = '', onOpen, test }: { label: string; value: string | null; hint?: string; onOpen?: () => void; test: string }) {
  const inside = (
    <>
      <span class="s quiet">{label}</span>
      <strong class={value === null ? 'tile-none' : 'tile-value'}>{value ?? tf('fig.no_time')}</strong>
      <span class="xs quiet">{hint}</span>
    </>
  );
  return onOpen ? <button type="button" class="card tile" data-test={test} onClick={onOpen}>{inside}</button> : <div class="card tile" data-test={test}>{inside}</div>;
}
