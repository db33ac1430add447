/** The inspector's page: its entry, and the screen for each state of the shift. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { actAs } from '../base/api';
import { mustSetUpFactor, SetUpFactorFirst, SignIn, staff } from '../base/sign_in';
import { openText } from '../base/text';
import { Button, Notice, Skeleton, Toasts } from '../base/ui';
import '../call/call.css';
import '../call/bench.css';
import '../call/sound.css';
import { CallScreen } from './call_screen';
import { DeskPage } from './desk';
import './host.css';
import { Shift } from './shift';
import { loaders, t } from './text';

actAs('host');
const shift = new Shift();

function Loading() {
  return (
    <div class="desk" aria-busy="true" data-test="loading">
      <Skeleton height={60} />
      <div class="columns">
        <div class="stack"><Skeleton height={60} /><Skeleton height={132} /><Skeleton height={132} /></div>
        <div class="stack"><Skeleton height={96} /><Skeleton height={96} /></div>
      </div>
    </div>
  );
}

function Page() {
  const stage = shift.stage.value;
  if (stage.at === 'offline') {
    return <Notice icon="offline" title={t('host.offline_title')} test="offline"><p class="quiet">{t('host.offline_text')}</p></Notice>;
  }
  if (staff.value === null) return <SignIn title={t('host.sign_in_title')} />;
  if (!staff.value) return <Loading />;
  if (mustSetUpFactor.value) return <SetUpFactorFirst />;
  switch (stage.at) {
    case 'loading':
      return <Loading />;
    case 'not_allowed':
      return <Notice icon="lock" title={t('host.not_allowed_title')} test="not-allowed"><p class="quiet">{t('host.not_allowed_text')}</p></Notice>;
    case 'replaced':
      return (
        <Notice icon="copy" title={t('host.replaced_title')} test="replaced" actions={<Button size="large" wide test="use-here" onClick={() => void shift.open(true)}>{t('host.use_here')}</Button>}>
          <p class="quiet">{t('host.replaced_text')}</p>
        </Notice>
      );
    case 'desk':
      return <DeskPage shift={shift} me={staff.value} />;
    case 'call':
      return <CallScreen shift={shift} call={stage.call} />;
  }
}

const root = document.getElementById('app');
if (root) {
  render(<Loading />, root);
  void openText(loaders).catch(() => undefined).then(() => {
    root.removeAttribute('aria-busy');
    render(<><Page /><Toasts /></>, root);
    effect(() => {
      const waiting = shift.desk.value?.waiting.length ?? 0;
      document.title = waiting > 0 ? `(${waiting}) ${t('host.sign_in_title')}` : t('host.sign_in_title');
    });
    void shift.begin();
  });
}
