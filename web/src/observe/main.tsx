/** The observer's page: its entry, and the screen for each state of the visit. */
import { render } from 'preact';
import { effect } from '@preact/signals';
import { actAs } from '../base/api';
import { SignIn } from '../base/sign_in';
import { openText, tb } from '../base/text';
import { Button, LanguageSwitch, Notice, Skeleton, Toasts, type IconName } from '../base/ui';
import '../call/call.css';
import { InCall } from './in_call';
import './observe.css';
import { Ready } from './ready';
import { loaders, t } from './text';
import { Visit, type ProblemName } from './visit';

const visit = new Visit(location.pathname);
actAs(visit.byLink ? 'guest' : 'observer');

const ICONS: Record<ProblemName, IconName> = {
  waiting: 'clock',
  unknown: 'linkOff',
  revoked: 'linkOff',
  expired: 'check',
  other_device: 'phone',
  removed: 'lock',
  has_hosted: 'user',
  room_full: 'users',
  not_allowed: 'lock',
  network: 'offline',
  server: 'warning',
};

function Loading() {
  return <div class="page" aria-busy="true" data-test="loading"><Skeleton height={48} /><Skeleton height={220} /></div>;
}

function ProblemPage({ problem }: { problem: ProblemName }) {
  const again = problem === 'network' || problem === 'server' || problem === 'room_full';
  return (
    <div class="page">
      <header class="row between"><strong>{visit.tenant.value}</strong><LanguageSwitch /></header>
      <Notice
        icon={ICONS[problem]}
        title={t(`observe.${problem}_title`)}
        test={`problem-${problem}`}
        actions={
          <>
            {again ? <Button variant="primary" size="large" wide test="try-again" onClick={() => void visit.load(true)}>{tb('base.try_again')}</Button> : null}
            {problem === 'has_hosted' ? <a class="button primary large wide" href="/inspect">{t('observe.to_desk')}</a> : null}
          </>
        }
      >
        <p class="quiet">{t(`observe.${problem}_text`)}</p>
      </Notice>
    </div>
  );
}

function Page() {
  const stage = visit.stage.value;
  switch (stage.at) {
    case 'loading':
      return <Loading />;
    case 'sign_in':
      return <SignIn title={t('observe.page_title')} />;
    case 'problem':
      return <ProblemPage problem={stage.problem} />;
    case 'ready':
      return <Ready visit={visit} />;
    case 'call':
      return <InCall visit={visit} call={stage.call} />;
    case 'left':
      return (
        <Notice icon="hangUp" title={t('observe.left_title')} test="left" actions={<Button variant="primary" size="large" wide test="come-back" busy={visit.starting.value} onClick={() => void visit.start()}>{t('observe.come_back')}</Button>}>
          <p class="quiet">{t('observe.left_text')}</p>
        </Notice>
      );
    case 'replaced':
      return (
        <Notice icon="copy" title={t('observe.replaced_title')} test="replaced" actions={<Button size="large" wide test="use-here" onClick={() => void visit.useHere()}>{t('observe.use_here')}</Button>}>
          <p class="quiet">{t('observe.replaced_text')}</p>
        </Notice>
      );
    case 'ended':
      return <Notice icon="check" tone="good" title={t('observe.ended_title')} test="ended"><p class="quiet">{t('observe.ended_text')}</p></Notice>;
  }
}

const root = document.getElementById('app');
if (root) {
  render(<Loading />, root);
  void openText(loaders).catch(() => undefined).then(() => {
    root.removeAttribute('aria-busy');
    render(<><Page /><Toasts /></>, root);
    effect(() => {
      document.title = t('observe.page_title');
    });
    void visit.begin();
  });
}
