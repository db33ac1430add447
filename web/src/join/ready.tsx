/** Before the call: who is calling, about what, that it is recorded, and one green button. */
import { useSignal } from '@preact/signals';
import type { JoinView } from '../base/protocol/joining';
import { locale } from '../base/text';
import { waitLength } from '../base/time';
import { Button, Chip, Icon, LanguageSwitch } from '../base/ui';
import { ConsentLink } from '../call/consent';
import { AppointmentLater } from './appointment_later';
import { LeaveAppFirst } from './camera_help';
import { NetworkHint } from '../call/network_hint';
import { t } from './text';
import { ThreadLater } from './thread_later';
import type { Visit } from './visit';

function Availability({ view }: { view: JoinView }) {
  if (view.session?.state === 'held') return <Chip tone="proof" dot test="availability">{t('join.host_waits')}</Chip>;
  if (view.hosts_ready > 0 && view.queue_length === 0) return <Chip tone="proof" dot test="availability">{t('join.free_now')}</Chip>;
  if (view.expected_wait_s !== null && view.hosts_ready > 0) {
    return <Chip tone="note" dot test="availability">{t('join.wait_about', { wait: waitLength(view.expected_wait_s) })}</Chip>;
  }
  if (view.queue_length > 0) return <Chip tone="note" dot test="availability">{t('join.people_before', { count: view.queue_length })}</Chip>;
  return <Chip tone="warn" dot test="availability">{t('join.nobody_ready')}</Chip>;
}

export function ItemCard({ view, children }: { view: JoinView; children?: preact.ComponentChildren }) {
  const item = view.case.items[0];
  const more = view.case.items.length - 1;
  const broken = useSignal(false);
  return (
    <section class="card item" data-test="item">
      {item?.picture && !broken.value ? (
        <img src={item.picture} alt="" width="84" height="84" onError={() => (broken.value = true)} />
      ) : (
        <span class="no-picture"><Icon name="parcel" /></span>
      )}
      <div>
        <strong><bdi>{item?.title ?? view.case.order_number}</bdi></strong>
        {more > 0 ? <span class="quiet s"> {t('join.more_items', { count: more })}</span> : null}
        {view.case.claim.words ? (
          <p class="quiet s" lang={view.case.claim.locale} dir="auto">{t('join.your_words', { words: view.case.claim.words })}</p>
        ) : null}
        {children}
      </div>
    </section>
  );
}

function Steps({ view }: { view: JoinView }) {
  const shows = view.case.direction === 'buyer_shows';
  const steps = [
    { title: t('join.step1_title'), text: t(shows ? 'join.step1_buyer' : 'join.step1_warehouse') },
    ...(shows ? [{ title: t('join.step2_title'), text: t('join.step2') }] : []),
    { title: t('join.step3_title'), text: t('join.step3') },
  ];
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li key={step.title}>
          <span class="n" aria-hidden="true">{index + 1}</span>
          <div>
            <b>{step.title}</b>
            <span class="quiet s">{step.text}</span>
          </div>
        </li>
      ))}
    </ol>
  );
}

/** What the seller's policy says to this case, in the language that is read. */
export function PolicySentence({ view }: { view: JoinView }) {
  const given = view.case.policy_answer;
  if (!given) return null;
  return (
    <div class="card stack">
      <p dir="auto" data-test="policy-sentence">{given.sentences[locale.value] ?? given.sentences['en']}</p>
      {given.rule ? <p class="xs faint" data-test="policy-rule">{t('join.rule')} <bdi>{given.rule}</bdi></p> : null}
    </div>
  );
}

export function Ready({ visit }: { visit: Visit }) {
  const view = visit.view.value;
  if (!view) return null;
  const order = view.case.order_number;
  return (
    <div class="page with-bar" data-test="ready-page">
      <header class="row between">
        <strong class="grow">{view.tenant.name}</strong>
        <LanguageSwitch />
      </header>
      <main class="stack wide">
        <div class="stack">
          <h1>{t(`join.title_${view.case.direction}`)}</h1>
          <p class="quiet">{view.warehouse ? t('join.about', { city: view.warehouse.city, order }) : t('join.about_no_warehouse', { order })}</p>
        </div>
        <ItemCard view={view}>
          <p class="availability"><Availability view={view} /></p>
        </ItemCard>
        <PolicySentence view={view} />
        <LeaveAppFirst />
        <NetworkHint found={visit.network.found.value} />
        {view.hosts_ready === 0 && view.state === 'open' ? <AppointmentLater visit={visit} /> : null}
        <Steps view={view} />
        <ThreadLater visit={visit} />
      </main>
      <footer class="bar">
        <Button variant="primary" size="large" wide test="join" busy={visit.starting.value} onClick={() => void visit.start()}>
          {t(visit.starting.value ? 'join.starting' : view.session ? 'join.resume' : 'join.start')}
        </Button>
        <p class="xs faint">
          {t('join.recording_starts')}{' '}
          <ConsentLink consent={view.consent} />
        </p>
      </footer>
    </div>
  );
}
