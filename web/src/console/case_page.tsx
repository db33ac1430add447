/** One case: what it is about, where it stands, what to do next. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { callWithEtag } from '../base/api';
import type { CaseSession, CaseView } from '../base/protocol';
import { endedLogin, failureWords } from '../base/sign_in';
import { ago, clockLength, dateAndTime, languageName, money } from '../base/time';
import { Button, Chip, Icon, Skeleton } from '../base/ui';
import { toneOf } from '../staff/case_list';
import { Picture } from '../staff/picture';
import { AnsweredCard } from './answered_card';
import { AttachmentsCard } from './attachments_card';
import { CallCard } from './call_card';
import { DueCard } from './due_card';
import { LinkCard } from './link_card';
import { LogCard } from './log_card';
import { onNews } from './news';
import { follow } from './route';
import { t } from './text';
import { ThreadCard } from './thread_card';
import { TrackedCard } from './tracked_card';
import { VerdictCard, type Read } from './verdict_card';
import { WayCard } from './way_card';

export function CasePage({ caseId, onChanged }: { caseId: string; onChanged: () => void }) {
  const [read, setRead] = useState<Read | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const asked = useRef(0);
  const load = async (): Promise<void> => {
    const round = (asked.current += 1);
    try {
      const { value, etag } = await callWithEtag<CaseView>('GET', `/api/v1/cases/${encodeURIComponent(caseId)}`);
      if (round !== asked.current) return;
      setFailure(null);
      setRead({ view: value, etag });
    } catch (error) {
      if (round === asked.current && !endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => {
    void load();
    return onNews(() => void load());
  }, [caseId]);
  const changed = (): void => {
    void load();
    onChanged();
  };
  if (read === null && failure !== null) {
    return (
      <main class="page">
        <BackLink />
        <div class="notice bad" data-test="case-failed">
          <Icon name="warning" />
          <h1>{t('case.failed')}</h1>
          <p class="quiet">{failureWords(failure)}</p>
          <Button variant="primary" onClick={() => void load()}>{t('base.try_again')}</Button>
        </div>
      </main>
    );
  }
  if (read === null) {
    return <main class="page" aria-busy="true" aria-label={t('case.loading')} data-test="case-loading"><Skeleton height={64} /><Skeleton height={220} /><Skeleton height={160} /></main>;
  }
  const { view } = read;
  return (
    <main class="page" data-test="case-page" data-case-id={view.id} data-state={view.state}>
      <BackLink />
      <CaseHead view={view} />
      <div class="case-grid">
        <div class="stack wide-gap">
          <AnsweredCard view={view} />
          <ClaimAndItems view={view} />
          <ThreadCard key={`thread-${view.id}`} view={view} />
          <AttachmentsCard caseId={view.id} />
          <Sessions view={view} />
          <LogCard view={view} />
        </div>
        <div class="stack wide-gap">
          <CallCard key={view.sessions.find((session) => session.state !== 'ended')?.id ?? ''} view={view} />
          <DueCard view={view} onChanged={changed} />
          <VerdictCard key={view.id} read={read} onSaved={(next) => { setRead(next); onChanged(); }} />
          <WayCard key={`way-${view.id}`} read={read} onMoved={(next) => { setRead(next); onChanged(); }} />
          <TrackedCard key={`tracked-${view.id}`} view={view} onChanged={changed} />
          <LinkCard key={view.id} view={view} onChanged={changed} />
        </div>
      </div>
    </main>
  );
}

function BackLink() {
  return <a class="button small plain back-link narrow-only" href="/console" onClick={follow({})} data-test="back"><Icon name="back" />{t('console.back')}</a>;
}

function CaseHead({ view }: { view: CaseView }) {
  const total = view.items.reduce((sum, item) => sum + Number(item.price) * item.quantity, 0);
  const live = view.sessions.find((session) => session.state !== 'ended');
  const recorded = view.sessions.some((session) => session.recorded);
  return (
    <header class="case-head">
      <div class="grow">
        <h1><span class="num">#{view.order_number}</span> · {view.items[0]?.listing.title}</h1>
        <p class="quiet">{t('case.summary', { name: view.buyer.name, language: languageName(view.buyer.locale), amount: money(total, view.currency) })}</p>
        <p class="row wrap s case-chips">
          <Chip tone={toneOf(view.state)} dot={view.state === 'live'} test="case-state-chip">{t(`state.${view.state}`)}</Chip>
          <span class="faint">{view.warehouse ? t('case.warehouse', { name: view.warehouse.name, city: view.warehouse.city }) : t('case.no_warehouse')}</span>
          <span class="faint">{t('case.version', { when: ago(view.created_at) })}</span>
        </p>
      </div>
      {recorded ? (
        <a class={view.verdict === null && view.state === 'inspected' ? 'button primary' : 'button'} href={`/review?case=${encodeURIComponent(view.id)}`} data-test="review-link">
          <Icon name="play" />{t(live ? 'session.watch' : 'session.review')}
        </a>
      ) : null}
    </header>
  );
}

function ClaimAndItems({ view }: { view: CaseView }) {
  return (
    <section class="card stack" aria-labelledby="claim-title">
      <h2 id="claim-title">{t('case.claim')}</h2>
      <div class="why" data-test="claim">
        <strong>{t(`reason.${view.claim.reason}`)}</strong>
        {view.claim.words ? <p dir="auto" lang={view.claim.locale}>“{view.claim.words}”</p> : null}
        <p class="xs">{t(`direction.${view.direction}`)}</p>
      </div>
      <h2>{t('case.items')}</h2>
      {view.items.map((item, i) => (
        <div key={i} class="case-item" data-test={`case-item-${i}`}>
          <div class="case-pictures">
            {(item.listing.pictures.length > 0 ? item.listing.pictures : [null]).map((url, at) => <Picture key={at} src={url} alt={item.listing.title} />)}
          </div>
          <div>
            <p><strong>{item.listing.title}</strong></p>
            <p class="s quiet num">{item.quantity} × {money(item.price, view.currency)} · {item.sku}</p>
            <dl class="properties">
              {Object.entries(item.listing.properties).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
            </dl>
          </div>
        </div>
      ))}
    </section>
  );
}

const WORDS = { waiting: 'session.state_waiting', held: 'session.state_held', live: 'session.state_live', ended: 'session.state_ended' } as const;

function Sessions({ view }: { view: CaseView }) {
  return (
    <section class="card stack" data-test="sessions" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{t('case.sessions')}</h2>
      {view.sessions.length === 0 ? <p class="s quiet">{t('session.none')}</p> : null}
      {view.sessions.map((session) => <SessionRow key={session.id} session={session} />)}
    </section>
  );
}

function SessionRow({ session }: { session: CaseSession }) {
  const began = session.live_at ?? session.created_at;
  const tone = session.state === 'live' ? 'live' : session.state === 'ended' ? 'plain' : 'warn';
  return (
    <div class="row between wrap session-row" data-test={`session-${session.id}`}>
      <span class="row wrap">
        <time class="num" datetime={began}>{dateAndTime(began)}</time>
        <Chip tone={tone} dot={session.state === 'live'}>{t(WORDS[session.state])}</Chip>
        {session.duration_s !== null ? <span class="s quiet num">{t('session.length', { length: clockLength(session.duration_s * 1000) })}</span> : null}
      </span>
      {session.recorded
        ? <a href={`/review?session=${encodeURIComponent(session.id)}`} data-test={`review-${session.id}`}>{t(session.state === 'ended' ? 'session.review' : 'session.watch')}</a>
        : <span class="s faint">{t('session.unrecorded')}</span>}
    </div>
  );
}
