/** One case on one screen: what was ordered, the conversation, and what is decided about it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, callWithEtag } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { MoveName } from '../base/protocol/words';
import { endedLogin, failureWords, staff } from '../base/sign_in';
import { ago, languageName, money } from '../base/time';
import { Button, Chip, Dialog, Icon, Skeleton, toast } from '../base/ui';
import { toneOf } from '../staff/case_list';
import { erasedCaseOf, Tombstone } from '../erased/tombstone';
import { AccessCard } from '../evidence/access_card';
import { SharesCard } from '../evidence/shares_card';
import { AnsweredCard } from './answered_card';
import { AttachmentsCard } from './attachments_card';
import { CallCard } from './call_card';
import { CaseTools } from './case_tools';
import { matchOf, type Read } from './conflict';
import { DueCard } from './due_card';
import { EvidenceCard } from './evidence_card';
import { Held } from './held';
import { HereBar } from './here_bar';
import { KeepingCard } from './keeping/card';
import { LinkCard } from './link_card';
import { LogCard } from './log_card';
import { MoneyCard } from './money_card';
import { onNews, onPresence, sayPresence } from './news';
import { stepOf } from './next_step';
import { NextStepBar } from './next_step_bar';
import { ToldCard } from './notices/case_card';
import { OrderCard } from './order_card';
import { PackageCard } from './package_card';
import { PersonDataCard } from './person_data_card';
import { Others } from './presence';
import { follow } from './route';
import { t } from './text';
import { ThreadCard } from './thread_card';
import { TrackedCard } from './tracked_card';
import { VerdictCard } from './verdict_card';
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
  // From the order on nobody goes on reading, a page that is open neither.
  if (erasedCaseOf(failure, caseId) !== null) return <main class="page"><BackLink /><Tombstone caseId={caseId} /></main>;
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
  const changed = (): void => {
    void load();
    onChanged();
  };
  return <Screen read={read} onRead={(next) => { setRead(next); onChanged(); }} onChanged={changed} />;
}

interface ScreenProps {
  read: Read;
  /** A newer reading that an answer brought. */
  onRead: (read: Read) => void;
  /** Something changed: read again. */
  onChanged: () => void;
}

function Screen({ read, onRead, onChanged }: ScreenProps) {
  const { view } = read;
  const [move, setMove] = useState<MoveName | null>(null);
  const [deciding, setDeciding] = useState(false);
  const [closing, setClosing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [invited, setInvited] = useState(0);
  const head = useRef<HTMLHeadingElement>(null);
  const held = useMemo(() => new Held(view.id), [view.id]);
  const others = useMemo(() => new Others(view.id, staff.peek()?.id ?? '', sayPresence), [view.id]);
  useEffect(() => {
    const stop = onPresence({ connected: () => others.arrive(), heard: (said) => others.hear(said) });
    const leave = (): void => others.leave();
    addEventListener('pagehide', leave);
    return () => {
      stop();
      removeEventListener('pagehide', leave);
      leave();
    };
  }, [others]);
  // Whoever opened the case by keyboard goes on reading here.
  useEffect(() => head.current?.focus({ preventScroll: true }), [view.id]);
  const step = stepOf(view, staff.value?.roles ?? []);
  const doStep = async (): Promise<void> => {
    if (step.kind === 'move') setMove(step.move);
    else if (step.kind === 'close') setClosing(true);
    else if (step.kind === 'host') location.assign(`/inspect?take=${encodeURIComponent(view.id)}`);
    else if (step.kind === 'verdict') {
      setDeciding(true);
      requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-test=verdict-outcome]')?.focus());
    } else if (step.kind === 'answer') document.querySelector<HTMLElement>('[data-test=thread-text]')?.focus();
    else if (step.kind === 'invite') setInvited((count) => count + 1);
  };
  const close = async (): Promise<void> => {
    setBusy(true);
    try {
      await held.close(matchOf(read));
    } catch (error) {
      if (!endedLogin(error)) toast(error instanceof ApiError && error.code === 'version_conflict' ? t('close.changed') : failureWords(error));
      onChanged();
    } finally {
      setBusy(false);
      setClosing(false);
    }
  };
  // One card a component: what belongs to the order, and what is decided about it, top to bottom.
  const order: ComponentChildren[] = [
    <OrderCard view={view} />,
    <AttachmentsCard caseId={view.id} />,
  ];
  const decisions: ComponentChildren[] = [
    <AnsweredCard view={view} />,
    <DueCard view={view} onChanged={onChanged} />,
    <VerdictCard key={view.id} read={read} writing={deciding} onWriting={setDeciding} onSaved={onRead} />,
    <WayCard read={read} asked={move} onAsk={setMove} onMoved={onRead} />,
    <TrackedCard key={`tracked-${view.id}`} view={view} onChanged={onChanged} />,
    <CallCard key={view.sessions.find((session) => session.state !== 'ended')?.id ?? ''} view={view} />,
    <EvidenceCard view={view} />,
    <PackageCard view={view} />,
    <MoneyCard view={view} />,
    <LinkCard key={view.id} view={view} wanted={invited} onChanged={onChanged} />,
    <ToldCard key={`told-${view.id}`} view={view} />,
    <KeepingCard key={`keeping-${view.id}`} view={view} onChanged={onChanged} />,
    <PersonDataCard key={`data-${view.id}`} caseId={view.id} />,
    <LogCard view={view} />,
    <SharesCard key={`shares-${view.id}`} view={view} />,
    <AccessCard key={`access-${view.id}`} view={view} />,
  ];
  return (
    <main class="page case-page" data-test="case-page" data-case-id={view.id} data-state={view.state}>
      <BackLink />
      <HereBar others={others} />
      <header class="case-head">
        <div class="grow">
          <h1 ref={head} tabIndex={-1}><span class="num">#{view.order_number}</span> · <bdi>{view.items[0]?.listing.title}</bdi></h1>
          <p class="quiet">{t('case.summary', { name: view.buyer.name, language: languageName(view.buyer.locale), amount: money(total(view), view.currency) })}</p>
          <p class="row wrap s case-chips">
            <Chip tone={toneOf(view.state)} dot={view.state === 'live'} test="case-state-chip">{t(`state.${view.state}`)}</Chip>
            <span class="faint">{view.warehouse ? t('case.warehouse', { name: view.warehouse.name, city: view.warehouse.city }) : t('case.no_warehouse')}</span>
            <span class="faint">{t('case.version', { when: ago(view.created_at) })}</span>
          </p>
          <CaseTools view={view} onClose={() => setClosing(true)} onChanged={onChanged} />
        </div>
        {view.sessions.some((session) => session.recorded) ? (
          <a class="button" href={`/review?case=${encodeURIComponent(view.id)}`} data-test="review-link">
            <Icon name="play" />{t(view.sessions.some((session) => session.state !== 'ended') ? 'session.watch' : 'session.review')}
          </a>
        ) : null}
      </header>
      <NextStepBar view={view} step={step} busy={busy} onStep={() => void doStep()} />
      <div class="case-columns">
        <div class="column order">{order}</div>
        <div class="column talk"><ThreadCard key={view.id} view={view} held={held} others={others} /></div>
        <div class="column decisions">{decisions}</div>
      </div>
      {closing ? (
        <Dialog
          title={t('close.question')} onClose={() => setClosing(false)} test="close-dialog"
          actions={<><Button onClick={() => setClosing(false)}>{t('base.cancel')}</Button><Button variant="danger" busy={busy} test="close-yes" onClick={() => void close()}>{t('step.close')}</Button></>}
        >
          <p>{t('close.words')}</p>
        </Dialog>
      ) : null}
    </main>
  );
}

function total(view: CaseView): number {
  return view.items.reduce((sum, item) => sum + Number(item.price) * item.quantity, 0);
}

function BackLink() {
  return <a class="button small plain back-link narrow-only" href="/console" onClick={follow({})} data-test="back"><Icon name="back" />{t('console.back')}</a>;
}
