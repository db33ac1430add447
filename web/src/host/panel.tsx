/** The case beside the picture: listing against what is seen now, claim, promises, findings, talk, history. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { CaseView } from '../base/protocol/case';
import type { EventOf } from '../base/protocol/session';
import { money, shortDate } from '../base/time';
import { Button, Chip, Icon } from '../base/ui';
import { Messages } from '../call/messages';
import type { LiveSession } from '../live/session';
import { Phrases } from './phrases';
import { t } from './text';

export type PanelTab = 'case' | 'messages';

function Live({ stream }: { stream: MediaStream | null }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = stream;
    if (stream) video.current.play().catch(() => undefined);
  }, [stream]);
  return <video ref={video} muted playsInline autoPlay aria-hidden="true" />;
}

function Pair({ view, stream }: { view: CaseView; stream: MediaStream | null }) {
  const pictures = view.items.flatMap((item) => item.listing.pictures);
  const index = useSignal(0);
  const broken = useSignal<Readonly<Record<string, true>>>({});
  const shown = pictures[index.value % Math.max(1, pictures.length)];
  return (
    <section class="pair">
      <button type="button" class="half" disabled={pictures.length < 2} title={pictures.length > 1 ? t('host.next_picture') : undefined} onClick={() => (index.value += 1)}>
        {shown && !broken.value[shown] ? (
          <img
            src={shown}
            alt={t('host.picture_of', { number: (index.value % pictures.length) + 1, total: pictures.length })}
            onError={() => (broken.value = { ...broken.value, [shown]: true })}
          />
        ) : (
          <span class="no-picture"><Icon name="parcel" /></span>
        )}
        <span class="tag">{t('host.listing')}{pictures.length > 1 ? <span class="num"> {(index.value % pictures.length) + 1}/{pictures.length}</span> : null}</span>
      </button>
      <div class="half">
        <Live stream={stream} />
        <span class="tag">{t('host.now')}</span>
      </div>
    </section>
  );
}

function Findings({ session }: { session: LiveSession }) {
  const events = session.events.value;
  const findings = events.filter((event): event is EventOf<'finding'> => event.kind === 'finding');
  if (findings.length === 0) return null;
  return (
    <section class="stack part" data-test="findings">
      <h2>{t('host.findings')}</h2>
      <ul class="stack">
        {findings.map((finding) => {
          const answers = events.filter((event): event is EventOf<'finding_answer'> => event.kind === 'finding_answer' && event.payload.finding_id === finding.payload.finding_id);
          const last = answers.at(-1);
          const tone = last?.payload.answer === 'agree' ? 'proof' : last?.payload.answer === 'disagree' ? 'live' : last ? 'note' : 'warn';
          return (
            <li key={finding.seq} class={`find ${tone}`} data-test="finding-entry" data-answer={last?.payload.answer ?? 'open'}>
              <p dir="auto">{finding.payload.words}</p>
              <Chip tone={tone}>{t(`host.finding_${last?.payload.answer ?? 'open'}`)}</Chip>
              {last?.payload.words ? <p class="s quiet" dir="auto">“{last.payload.words}”</p> : null}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function CaseWords({ session }: { session: LiveSession }) {
  const view = session.snapshot.value.case;
  const earlier = view.sessions.filter((entry) => entry.id !== session.id);
  return (
    <div class="case-words">
      <Findings session={session} />
      <section class="stack part">
        <h2>{t('host.claim')}</h2>
        <p><Chip tone="note">{t(`reason.${view.claim.reason}`)}</Chip></p>
        {view.claim.words ? <p lang={view.claim.locale} dir="auto">“{view.claim.words}”</p> : null}
      </section>
      {view.items.map((item) => (
        <section class="stack part" key={item.sku}>
          <h2><bdi>{item.listing.title}</bdi></h2>
          <dl>
            <div><dt>{t('host.price')}</dt><dd class="num">{money(item.price, view.currency)}</dd></div>
            {item.quantity > 1 ? <div><dt>{t('host.quantity')}</dt><dd class="num">{item.quantity}</dd></div> : null}
            {Object.entries(item.listing.properties).map(([property, value]) => (
              <div key={property}><dt>{property}</dt><dd dir="auto">{value}</dd></div>
            ))}
          </dl>
        </section>
      ))}
      <section class="stack part">
        <h2>{t('host.history')}</h2>
        {earlier.length === 0 ? <p class="s quiet">{t('host.history_none')}</p> : null}
        <ul class="stack">
          {earlier.map((entry) => (
            <li key={entry.id} class="s num">{t('host.history_call', { date: shortDate(entry.created_at), duration: Math.max(1, Math.round((entry.duration_s ?? 0) / 60)) })}</li>
          ))}
        </ul>
      </section>
    </div>
  );
}

export function CasePanel({ session, stream, tab, unread, onFinding }: {
  session: LiveSession;
  stream: MediaStream | null;
  tab: Signal<PanelTab>;
  unread: number;
  onFinding: () => void;
}) {
  const view = session.snapshot.value.case;
  const tabs: { name: PanelTab; label: string }[] = [
    { name: 'case', label: t('host.case') },
    { name: 'messages', label: t('call.messages') },
  ];
  return (
    <aside class="panel">
      <header class="part">
        <strong><bdi>{view.order_number}</bdi> · <bdi>{view.items[0]?.listing.title}</bdi></strong>
        <p class="s quiet"><bdi>{view.buyer.name}</bdi> · <bdi>{view.tenant.name}</bdi></p>
      </header>
      <Pair view={view} stream={stream} />
      <div class="tabs" role="tablist">
        {tabs.map(({ name, label }) => (
          <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab.value === name} aria-controls="tab-body" data-test={`tab-${name}`} onClick={() => (tab.value = name)}>
            {label}{name === 'messages' && unread > 0 ? <span class="chip warn num">{unread}</span> : null}
          </button>
        ))}
      </div>
      <div id="tab-body" class="tab-body" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${tab.value}`}>
        {tab.value === 'case' ? <CaseWords session={session} /> : <Messages session={session} />}
      </div>
      {tab.value === 'case' ? (
        <footer class="part"><Button size="large" wide icon="question" test="finding" onClick={onFinding}>{t('host.add_finding')}</Button></footer>
      ) : <footer class="part"><Phrases session={session} /></footer>}
    </aside>
  );
}
