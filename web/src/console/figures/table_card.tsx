/** Cases told apart by one dimension: a table, and the same for a spreadsheet. */
import { Select } from '../../base/ui';
import { DIMENSIONS, type Behind, type Dimension, type Figures, type Row } from './shapes';
import { tf } from './text';
import { count, duration, percent, valueWords } from './words';

export function TableCard({ figures, by, onBy, csv, onOpen }: { figures: Figures; by: Dimension; onBy: (by: Dimension) => void; csv: string; onOpen: (behind: Behind) => void }) {
  const most = Math.max(1, ...figures.rows.map((row) => row.cases));
  const open = (row: Row, rest: Omit<Behind, 'title'>) => () => onOpen({ title: valueWords(figures.by, row.value), by: figures.by, value: row.value, ...rest });
  return (
    <section class="card stack" aria-labelledby="table-title" data-test="figures-by">
      <div class="row between wrap">
        <h2 id="table-title">{tf('fig.table')}</h2>
        <div class="row wrap">
          <Select<Dimension> label={tf('fig.table')} hideLabel test="dimension" value={by} onPick={onBy} options={DIMENSIONS.map((value) => ({ value, label: tf(`by.${value}`) }))} />
          <a class="button small" href={csv} download data-test="csv">{tf('fig.csv')}</a>
        </div>
      </div>
      <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="table-title">
        <table class="figures-table">
          <thead>
            <tr>
              <th scope="col">{tf(`by.${figures.by}`)}</th><th scope="col">{tf('fig.opened')}</th><th scope="col">{tf('fig.by_video')}</th>
              <th scope="col">{tf('fig.resolved')}</th><th scope="col">{tf('fig.answer')}</th><th scope="col">{tf('fig.decision')}</th><th scope="col">{tf('fig.refund')}</th>
            </tr>
          </thead>
          <tbody>
            {figures.rows.map((row) => (
              <tr key={row.value ?? ''} data-test="figures-row">
                <th scope="row">{valueWords(figures.by, row.value)}<progress class="bar" max={most} value={row.cases} aria-hidden="true" /></th>
                <td><button type="button" class="number" data-test="row-cases" onClick={open(row, {})}>{count(row.cases)}</button></td>
                <td><button type="button" class="number" onClick={open(row, { video: true })}>{percent(row.by_video, row.cases)}</button></td>
                <td><button type="button" class="number" onClick={open(row, { step: 'resolved' })}>{percent(row.resolved, row.decided)}</button></td>
                {([['answered', row.answer_s], ['decided', row.decision_s], ['refunded', row.refund_s]] as const).map(([step, seconds]) => (
                  <td key={step}>{seconds === null ? '–' : <button type="button" class="number" onClick={open(row, { step })}>{duration(seconds)}</button>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {figures.rows_left > 0 ? <p class="s quiet">{tf('fig.more_rows', { count: figures.rows_left })}</p> : null}
    </section>
  );
}
