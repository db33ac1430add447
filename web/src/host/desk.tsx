/** The desk: ready or not, who waits and since when, who is expected. */
import { useSignal } from '@preact/signals';
import type { DeskEntry, LiveEntry, Staff, WaitingEntry } from '../base/protocol/desk';
import type { StaffConsentWords } from '../base/protocol/joining';
import { signOut, StaffLanguage } from '../base/sign_in';
import { locale, tb } from '../base/text';
import { clockLength, languageName, nowMs, serverAheadMs, shortDate } from '../base/time';
import { Button, Chip, Icon, IconButton, Skeleton, Switch } from '../base/ui';
import { ConsentLink } from '../call/consent';
import { NetworkHint } from '../call/network_hint';
import { RingCard } from './handover_bar';
import type { Shift } from './shift';
import { t } from './text';

const LONG_WAIT_MS = 5 * 60_000;

function Picture({ src }: { src: string | null }) {
  const broken = useSignal(false);
  if (!src || broken.value) return <span class="no-picture"><Icon name="parcel" /></span>;
  return <img src={src} alt="" width="72" height="72" loading="lazy" onError={() => (broken.value = true)} />;
}

function Facts({ entry }: { entry: DeskEntry }) {
  return (
    <>
      <strong class="title"><bdi>{entry.title}</bdi></strong>
      {entry.claim.words ? <p class="s quiet clamp" dir="auto">“{entry.claim.words}”</p> : null}
      <p class="row wrap chips">
        <Chip tone="note">{t(`reason.${entry.claim.reason}`)}</Chip>
        {entry.direction === 'warehouse_shows' ? <Chip>{t('direction.warehouse_shows')}</Chip> : null}
        <Chip>{languageName(entry.buyer_locale)}</Chip>
        <span class="xs faint">{t('host.order', { order: entry.order_number })} · {entry.tenant_name}</span>
      </p>
    </>
  );
}

function Waiting({ entry, shift }: { entry: WaitingEntry; shift: Shift }) {
  const waitedMs = nowMs.value + serverAheadMs.value - Date.parse(entry.waiting_since);
  return (
    <li class="card entry" data-test="waiting-entry" data-case={entry.case_id}>
      <Picture src={entry.picture} />
      <div class="grow stack tight">
        <div class="row between wrap">
          <strong>{entry.buyer_name}</strong>
          <span class="row chips">
            {entry.presence === 'away' ? <Chip tone="warn">{t('host.presence_away')}</Chip> : null}
            <Chip tone={waitedMs > LONG_WAIT_MS ? 'warn' : 'proof'} dot><time class="num">{t('host.waits_since', { time: clockLength(waitedMs) })}</time></Chip>
          </span>
        </div>
        <Facts entry={entry} />
      </div>
      <Button size="large" test="take" busy={shift.taking.value === entry.case_id} onClick={() => void shift.take(entry.case_id)}>{t('host.take')}</Button>
    </li>
  );
}

function Expected({ entry, shift }: { entry: DeskEntry; shift: Shift }) {
  return (
    <li class="card entry quiet-entry" data-test="expected-entry" data-case={entry.case_id}>
      <div class="grow stack tight">
        <strong>{entry.buyer_name}</strong>
        <Facts entry={entry} />
      </div>
      <Button test="take-expected" busy={shift.taking.value === entry.case_id} onClick={() => void shift.take(entry.case_id)}>{t('host.take_expected')}</Button>
    </li>
  );
}

function Live({ entry }: { entry: LiveEntry }) {
  const sinceMs = nowMs.value + serverAheadMs.value - Date.parse(entry.since);
  return (
    <li class="card entry quiet-entry" data-test="live-entry" data-case={entry.case_id}>
      <div class="grow stack tight">
        <div class="row between wrap">
          <strong>{entry.buyer_name}</strong>
          <Chip tone="live" dot><time class="num">{clockLength(sinceMs)}</time></Chip>
        </div>
        <span class="s"><bdi>{entry.title}</bdi></span>
        <span class="xs faint">{t('host.live_with', { name: entry.host_name })} · {languageName(entry.buyer_locale)} · {t('host.order', { order: entry.order_number })}</span>
      </div>
      <a class="button" href={`/observe/${entry.session_id}`} target="_blank" rel="noopener" data-test="observe">{t('host.observe')}</a>
    </li>
  );
}

/** What is recorded of whoever works here, in full until they have agreed. */
function Recorded({ consent, shift }: { consent: StaffConsentWords; shift: Shift }) {
  const text = consent.text[locale.value] ?? consent.text['en'] ?? '';
  return (
    <section class="card stack" aria-labelledby="recorded-title" data-test="recorded-words">
      <h2 id="recorded-title">{t('host.recorded_title')}</h2>
      {text.split('\n').map((paragraph) => <p class="s" key={paragraph}>{paragraph}</p>)}
      <p><strong>{t('host.recorded_agree')}</strong></p>
      {shift.wanted.value === null ? null : <div><Button variant="primary" size="large" icon="video" test="agree-and-take" onClick={() => void shift.takeWanted()}>{t('host.agree_and_take')}</Button></div>}
    </section>
  );
}

export function DeskPage({ shift, me }: { shift: Shift; me: Staff }) {
  const desk = shift.desk.value;
  const first = desk?.waiting[0];
  return (
    <div class="desk" data-test="desk">
      <header class="row between wrap">
        <div>
          <strong>{me.organisation.name}</strong>
          <span class="s quiet"> · <bdi>{me.name}</bdi></span>
        </div>
        <div class="row">
          <StaffLanguage />
          <a class="button icon-button" href="/console/account" aria-label={t('host.account')} title={t('host.account')} data-test="account"><Icon name="user" /></a>
          <IconButton icon="signOut" label={tb('base.sign_out')} test="sign-out" onClick={() => void signOut()} />
        </div>
      </header>
      {shift.rings.value.map((ring) => <RingCard key={ring.handover_id} ring={ring} shift={shift} />)}
      {desk && !desk.consent.agreed ? <Recorded consent={desk.consent} shift={shift} /> : null}
      <section class="card shift row between wrap" aria-label={t('host.desk')}>
        <div>
          <Switch label={t('host.ready')} on={desk?.ready ?? false} disabled={!desk} test="ready" onToggle={(on) => void shift.setReady(on)} />
          {desk?.consent.agreed ? <p class="xs faint" data-test="recorded-hint">{t('host.recorded_hint', { date: shortDate(desk.consent.agreed.at) })} <ConsentLink consent={desk.consent} /></p> : null}
        </div>
        <Button variant="primary" size="large" icon="video" test="take-next" disabled={!first} busy={shift.taking.value === ''} onClick={() => void shift.take(null)}>
          {shift.taking.value === '' ? t('host.taking') : first ? t('host.take_next', { name: first.buyer_name }) : t('host.queue_empty_button')}
        </Button>
      </section>
      <NetworkHint found={shift.network.found.value} />
      <div class="columns">
        <main class="stack">
          <h1>{t('host.waiting')} {desk && desk.waiting.length > 0 ? <span class="chip proof num" data-test="waiting-count">{desk.waiting.length}</span> : null}</h1>
          {!desk ? <Skeleton height={132} /> : null}
          <ul class="stack" aria-live="polite">
            {desk?.waiting.map((entry) => <Waiting key={entry.session_id} entry={entry} shift={shift} />)}
          </ul>
          {desk && desk.waiting.length === 0 ? (
            <div class="empty" data-test="waiting-empty">
              <Icon name="users" />
              <p>{t('host.waiting_empty')}</p>
              {desk.ready ? null : <p class="s">{t('host.not_ready_hint')}</p>}
            </div>
          ) : null}
        </main>
        <aside class="stack">
          {desk && desk.live.length > 0 ? <h2>{t('host.live')}</h2> : null}
          <ul class="stack">
            {desk?.live.map((entry) => <Live key={entry.session_id} entry={entry} />)}
          </ul>
          <h2>{t('host.expected')}</h2>
          {desk && desk.expected.length === 0 ? <p class="quiet s">{t('host.expected_empty')}</p> : null}
          <ul class="stack">
            {desk?.expected.map((entry) => <Expected key={entry.case_id} entry={entry} shift={shift} />)}
          </ul>
        </aside>
      </div>
    </div>
  );
}
