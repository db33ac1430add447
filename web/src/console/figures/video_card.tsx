/** The same numbers for cases seen by video and for the others, side by side. */
import type { Behind, Figures, Row } from './shapes';
import { tf } from './text';
import { count, duration, percent } from './words';

export function VideoCard({ figures, onOpen }: { figures: Figures; onOpen: (behind: Behind) => void }) {
  const sides: readonly [string, Row, boolean][] = [[tf('fig.with_video'), figures.by_video, true], [tf('fig.without'), figures.without_video, false]];
  return (
    <section class="card stack" aria-labelledby="video-title" data-test="video">
      <h2 id="video-title">{tf('fig.changed')}</h2>
      <table class="figures-table compare">
        <thead><tr><td />{sides.map(([name]) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          <tr><th scope="row">{tf('fig.opened')}</th>{sides.map(([name, row, video]) => <td key={name}><button type="button" class="number" onClick={() => onOpen({ title: name, video })}>{count(row.cases)}</button></td>)}</tr>
          <tr><th scope="row">{tf('fig.share_resolved')}</th>{sides.map(([name, row, video]) => <td key={name}><button type="button" class="number" onClick={() => onOpen({ title: `${name}: ${tf('fig.resolved')}`, video, step: 'resolved' })}>{percent(row.resolved, row.decided)}</button></td>)}</tr>
          <tr><th scope="row">{tf('fig.answer')}</th>{sides.map(([name, row, video]) => <td key={name}>{row.answer_s === null ? '–' : <button type="button" class="number" onClick={() => onOpen({ title: `${name}: ${tf('step.answered')}`, video, step: 'answered' })}>{duration(row.answer_s)}</button>}</td>)}</tr>
          <tr><th scope="row">{tf('fig.decision')}</th>{sides.map(([name, row, video]) => <td key={name}>{row.decision_s === null ? '–' : <button type="button" class="number" onClick={() => onOpen({ title: `${name}: ${tf('step.decided')}`, video, step: 'decided' })}>{duration(row.decision_s)}</button>}</td>)}</tr>
          <tr><th scope="row">{tf('fig.refund')}</th>{sides.map(([name, row, video]) => <td key={name}>{row.refund_s === null ? '–' : <button type="button" class="number" onClick={() => onOpen({ title: `${name}: ${tf('step.refunded')}`, video, step: 'refunded' })}>{duration(row.refund_s)}</button>}</td>)}</tr>
        </tbody>
      </table>
    </section>
  );
}
