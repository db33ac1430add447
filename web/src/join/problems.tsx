/** A page of its own for each reason why there is no call. */
import { useSignal } from '@preact/signals';
import { tb } from '../base/text';
import { Button, LanguageSwitch, Notice, toast, type IconName } from '../base/ui';
import { LeaveAppFirst } from './camera_help';
import { t } from './text';
import type { ProblemName, Visit } from './visit';

const ICONS: Record<ProblemName, IconName> = {
  unknown: 'linkOff',
  expired: 'clock',
  revoked: 'linkOff',
  other_device: 'phone',
  asking: 'phone',
  device_refused: 'lock',
  closed: 'check',
  erased: 'archive',
  media_unavailable: 'videoOff',
  recording_unavailable: 'videoOff',
  network: 'offline',
  server: 'warning',
  unsupported: 'videoOff',
};
const AGAIN: ReadonlySet<ProblemName> = new Set<ProblemName>(['media_unavailable', 'recording_unavailable', 'network', 'server']);

export function CopyLink() {
  return (
    <Button
      icon="copy"
      onClick={() => void navigator.clipboard?.writeText(location.href).then(() => toast(t('join.copied')), () => undefined)}
    >
      {t('join.copy_link')}
    </Button>
  );
}

export function ProblemPage({ visit, problem }: { visit: Visit; problem: ProblemName }) {
  const busy = useSignal(false);
  const run = async (work: () => Promise<void>) => {
    busy.value = true;
    await work();
    busy.value = false;
  };
  return (
    <div class="page problem">
      <header class="row between">
        <strong>{visit.seller.value}</strong>
        <LanguageSwitch />
      </header>
      <Notice
        icon={ICONS[problem]}
        title={t(`join.${problem}_title`)}
        test={`problem-${problem}`}
        actions={
          <>
            {AGAIN.has(problem) ? (
              <Button variant="primary" size="large" wide busy={busy.value} test="try-again" onClick={() => void run(() => visit.load(true))}>
                {tb('base.try_again')}
              </Button>
            ) : null}
            {problem === 'other_device' ? (
              <Button variant="primary" size="large" wide busy={busy.value} test="ask-host" onClick={() => void run(() => visit.askHost())}>
                {t('join.ask_host')}
              </Button>
            ) : null}
            {problem === 'unsupported' ? <><LeaveAppFirst /><CopyLink /></> : null}
            {problem === 'asking' ? <span class="spinner" aria-hidden="true" /> : null}
          </>
        }
      >
        <p class="quiet">{t(`join.${problem}_text`)}</p>
        {problem === 'other_device' && visit.nobodyToAsk.value ? <p role="alert" class="card">{t('join.no_host_text')}</p> : null}
      </Notice>
    </div>
  );
}
