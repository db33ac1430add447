/** After the call: what was found, what happens next; and the two ways of not being in it. */
import { useSignal } from '@preact/signals';
import type { JoinView } from '../base/protocol/joining';
import { clockTime, dateAndTime, money } from '../base/time';
import { Button, Card, Icon, LanguageSwitch, Notice, TextArea } from '../base/ui';
import { LabelCodeLater, OwnDataLater, ReceiptLater } from './codes_later';
import { ItemCard, PolicySentence } from './ready';
import { t } from './text';
import { ThreadLater } from './thread_later';
import type { Visit } from './visit';

function StillPicture({ stillId, atMs }: { stillId: string; atMs: number }) {
  const gone = useSignal(false);
  if (gone.value) return null;
  return (
    <img src={`/api/v1/stills/${stillId}/image`} alt={t('join.photo_at', { time: clockTime(atMs) })} loading="lazy" onError={() => (gone.value = true)} />
  );
}

/** A label that is a picture may be a code to be shown at the counter: it is seen without a download. */
function LabelFile({ href, isPicture }: { href: string; isPicture: boolean }) {
  return (
    <>
      {isPicture ? <img class="label-picture" src={href} alt={t('join.open_label')} data-test="label-picture" /> : null}
      <a class="button primary wide" href={href} download data-test="label">{t('join.open_label')}</a>
    </>
  );
}

type Given = NonNullable<JoinView['outcome']>;

/** The way of the goods, and what was given for them. */
function Way({ given, visit }: { given: Given; visit: Visit }) {
  const back = given.parcels.filter((one) => one.way === 'back').at(-1);
  const out = given.parcels.filter((one) => one.way === 'out').at(-1);
  if (!back && !out && given.settlements.length === 0) return null;
  return (
    <Card class="stack">
      {back && !back.received_at ? (
        <div class="stack" data-test="send-to">
          <h2>{t('join.send_to')}</h2>
          {back.address ? <p class="lines" dir="auto">{back.address}</p> : null}
          {back.label_url ? <a class="button primary wide" href={back.label_url} target="_blank" rel="noopener noreferrer" data-test="label">{t('join.open_label')}</a> : null}
          {back.label_id ? <LabelFile href={`/api/join/${encodeURIComponent(visit.token)}/labels/${back.label_id}`} isPicture={back.label_type === 'image/png'} /> : null}
          {back.shipped_at || back.label_type === 'image/png' ? null : <LabelCodeLater number={back.tracking_number} url={back.label_url} />}
          {back.tracking_number ? <p><bdi class="num">{[back.carrier, back.tracking_number].filter(Boolean).join(' · ')}</bdi></p> : null}
        </div>
      ) : null}
      {back?.received_at ? <p data-test="received">{t('join.received_on', { date: dateAndTime(back.received_at) })}</p> : null}
      {out ? <p data-test="on-its-way">{t('join.on_its_way')} <bdi class="num">{[out.carrier, out.tracking_number].filter(Boolean).join(' · ')}</bdi></p> : null}
      {given.settlements.map((one, i) => (one.amount ? <p key={i} data-test="given"><strong>{t('join.given', { amount: money(one.amount, given.currency) })}</strong></p> : null))}
    </Card>
  );
}

/** Not agreeing is a right, and no reason to shout: one quiet button, then words. */
function Appeal({ visit }: { visit: Visit }) {
  const writing = useSignal(false);
  const words = useSignal('');
  const busy = useSignal(false);
  const failed = useSignal(false);
  const send = async () => {
    if (!words.value.trim() || busy.value) return;
    busy.value = true;
    failed.value = !(await visit.appeal(words.value.trim()));
    busy.value = false;
  };
  if (!writing.value) return <Button variant="plain" test="disagree" onClick={() => (writing.value = true)}>{t('join.object')}</Button>;
  return (
    <Card class="stack">
      <TextArea label={t('join.object_words')} rows={4} maxLength={4000} value={words.value} test="appeal-words" onInput={(input) => (words.value = input.currentTarget.value)} />
      {failed.value ? <p role="alert">{t('join.object_failed')}</p> : null}
      <Button variant="primary" wide busy={busy.value} test="appeal" onClick={() => void send()}>{t('join.object_send')}</Button>
    </Card>
  );
}

/** What happens next; without a call nobody has seen anything yet. */
function nextWords(view: JoinView): string {
  const outcome = view.outcome?.outcome ?? 'undecided';
  const tenant = view.tenant.name;
  if (view.outcome?.seen === false) {
    if (outcome === 'refund') return t('join.next_approved', { tenant });
    if (outcome === 'reject') return t('join.next_rejected');
    if (outcome === 'resolved_without_return') return t('join.next_kept', { tenant });
  }
  return t(`join.next_${outcome}`, { tenant });
}

function Outcome({ view }: { view: JoinView }) {
  const outcome = view.outcome?.outcome ?? null;
  return (
    <>
      {outcome ? (
        <Card class="stack outcome">
          <h2>{t(view.outcome?.seen ? 'join.found' : 'join.answer')}</h2>
          <p class="verdict" data-test="outcome" data-outcome={outcome}><Icon name={outcome === 'reject' ? 'close' : 'check'} /> <strong>{t(`outcome.${outcome}`)}</strong></p>
          {view.outcome?.by_policy ? <PolicySentence view={view} /> : view.outcome?.note ? (
            <blockquote>
              {view.outcome.seen ? <span class="xs faint">{t('join.note_from')}</span> : null}
              <p dir="auto">{view.outcome.note}</p>
            </blockquote>
          ) : null}
          {view.outcome?.decided_at ? <p class="xs faint">{t('join.decided_on', { date: dateAndTime(view.outcome.decided_at) })}</p> : null}
        </Card>
      ) : null}
      <Card class="stack">
        <h2>{t('join.next')}</h2>
        {view.case.state === 'appealed' ? <p data-test="appealed">{t('join.appealed', { tenant: view.tenant.name })}</p> : <p data-test="next">{nextWords(view)}</p>}
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

function titleOf(view: JoinView | null): 'join.decided_title' | 'join.ended_title_warehouse' | 'join.ended_title' {
  if (view?.outcome?.seen === false) return 'join.decided_title';
  return view?.case.direction === 'warehouse_shows' ? 'join.ended_title_warehouse' : 'join.ended_title';
}

export function Ended({ visit }: { visit: Visit }) {
  const view = visit.view.value;
  const refused = view?.outcome?.seen === false && view.outcome.outcome === 'reject';
  return (
    <div class="page" data-test="ended">
      <header class="row between">
        <strong class="grow">{visit.seller.value}</strong>
        <LanguageSwitch />
      </header>
      <main class="stack wide">
        <div class="thanks">
          <span class="tick" data-bad={refused}><Icon name={refused ? 'close' : 'check'} /></span>
          <h1>{t(titleOf(view))}</h1>
        </div>
        {view ? <ItemCard view={view} /> : null}
        {view ? <Outcome view={view} /> : null}
        {view?.outcome ? <Way given={view.outcome} visit={visit} /> : null}
        {view && view.outcome?.seen !== false ? <ReceiptLater visit={visit} /> : null}
        {view ? <ThreadLater visit={visit} /> : null}
        {view?.outcome?.may_appeal ? <Appeal visit={visit} /> : null}
        {view ? <OwnDataLater visit={visit} /> : null}
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
