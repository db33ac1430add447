/** After the call: what was found, what happens next; and the two ways of not being in it. */
import { useSignal } from '@preact/signals';
import type { JoinView } from '../base/protocol';
import { clockTime, dateAndTime } from '../base/time';
import { Button, Card, Icon, LanguageSwitch, Notice } from '../base/ui';
import { ItemCard } from './ready';
import { t } from './text';
import type { Visit } from './visit';

function StillPicture({ stillId, atMs }: { stillId: string; atMs: number }) {
  const gone = useSignal(false);
  if (gone.value) return null;
  return (
    <img src={`/api/v1/stills/${stillId}/image`} alt={t('join.photo_at', { time: clockTime(atMs) })} loading="lazy" onError={() => (gone.value = true)} />
  );
}

function Outcome({ view }: { view: JoinView }) {
  const outcome = view.outcome?.outcome ?? null;
  const tenant = view.tenant.name;
  return (
    <>
      {outcome ? (
        <Card class="stack outcome">
          <h2>{t('join.found')}</h2>
          <p class="verdict" data-test="outcome" data-outcome={outcome}><Icon name={outcome === 'reject' ? 'close' : 'check'} /> <strong>{t(`outcome.${outcome}`)}</strong></p>
          {view.outcome?.note ? (
            <blockquote>
              <span class="xs faint">{t('join.note_from')}</span>
              <p dir="auto">{view.outcome.note}</p>
            </blockquote>
          ) : null}
          {view.outcome?.decided_at ? <p class="xs faint">{t('join.decided_on', { date: dateAndTime(view.outcome.decided_at) })}</p> : null}
        </Card>
      ) : null}
      <Card class="stack">
        <h2>{t('join.next')}</h2>
        <p data-test="next">{t(`join.next_${outcome ?? 'undecided'}`, { tenant })}</p>
      </Card>
      {view.outcome && view.outcome.stills.length > 0 ? (
        <section class="stack">
          <h2>{t('join.photos')}</h2>
          <div class="photos">{view.outcome.stills.map((still) => <StillPicture key={still.still_id} stillId={still.still_id} atMs={still.at_ms} />)}</div>
        </section>
      ) : null}
    </>
  );
}

export function Ended({ visit }: { visit: Visit }) {
  const view = visit.view.value;
  return (
    <div class="page" data-test="ended">
      <header class="row between">
        <strong class="grow">{visit.seller.value}</strong>
        <LanguageSwitch />
      </header>
      <main class="stack wide">
        <div class="thanks">
          <span class="tick"><Icon name="check" /></span>
          <h1>{t(view?.case.direction === 'warehouse_shows' ? 'join.ended_title_warehouse' : 'join.ended_title')}</h1>
        </div>
        {view ? <ItemCard view={view} /> : null}
        {view ? <Outcome view={view} /> : null}
        <p class="quiet s center">{t('join.close_page')}</p>
      </main>
    </div>
  );
}

export function Left({ visit }: { visit: Visit }) {
  return (
    <Notice
      icon="hangUp"
      title={t('join.left_title')}
      test="left"
      actions={
        <Button variant="primary" size="large" wide icon="video" test="come-back" busy={visit.starting.value} onClick={() => void visit.start()}>{t('join.come_back')}</Button>
      }
    >
      <p class="quiet">{t('join.left_text')}</p>
    </Notice>
  );
}

export function Replaced({ visit }: { visit: Visit }) {
  return (
    <Notice
      icon="copy"
      title={t('join.replaced_title')}
      test="replaced"
      actions={<Button size="large" wide test="use-here" onClick={() => void visit.useHere()}>{t('join.use_here')}</Button>}
    >
      <p class="quiet">{t('join.replaced_text')}</p>
    </Notice>
  );
}
