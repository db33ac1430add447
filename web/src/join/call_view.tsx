/** The buyer inside a session: waiting for somebody, or face to face. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { locale, tb } from '../base/text';
import { waitLength } from '../base/time';
import { Button, Icon, LanguageSwitch } from '../base/ui';
import { Messages } from '../call/messages';
import { SelfVideo } from '../call/self_view';
import { RecordedPill, ReconnectingVeil } from '../call/status';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { CameraHelp } from './camera_help';
import { InCall } from './in_call';
import { tl as t } from './text';
import type { Visit } from './visit';

export function CallView({ visit, call }: { visit: Visit; call: Call }) {
  const session = call.session.value;
  // A host who is already waiting is shown as soon as there is a picture, before the server says "live".
  const hostWaits = session?.state.value === 'held' && session.other.value?.presence === 'here';
  const live = session?.state.value === 'live' || hostWaits;
  useEffect(() => {
    // The phone may lie on the table while its owner waits.
    if (live) if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([120, 80, 120]);
  }, [live]);
  if (!session) return null;
  return (
    <>
      {live ? <InCall visit={visit} call={call} session={session} /> : <Waiting visit={visit} call={call} session={session} />}
      <CameraHelp media={call.media} live={live} />
    </>
  );
}

function QueueWords({ session }: { session: LiveSession }) {
  if (session.state.value === 'held') {
    return (
      <div class="stack tight" role="status" data-test="held">
        <h1>{t('join.held_title')}</h1>
        <p class="quiet">{t('join.held_text')}</p>
      </div>
    );
  }
  const queue = session.queue.value;
  const released = session.events.value.some((event) => event.kind === 'host_released');
  const title = released
    ? t('join.host_left_title')
    : !queue
      ? t('join.waiting_title')
      : queue.position <= 1
        ? t('join.waiting_next')
        : t('join.waiting_position', { position: queue.position });
  const wait = queue?.expected_wait_s;
  const text = queue?.hosts_ready === 0
    ? t('join.waiting_nobody')
    : wait !== null && wait !== undefined && wait > 0
      ? t('join.waiting_wait', { wait: waitLength(wait, locale.value) })
      : t('join.waiting_unknown');
  return (
    <div class="stack tight" role="status" data-test="waiting">
      <h1 data-test="queue-position" data-position={queue?.position}>{title}</h1>
      <p class="quiet">{released ? t('join.host_left_text') : text}</p>
    </div>
  );
}

function Waiting({ visit, call, session }: { visit: Visit; call: Call; session: LiveSession }) {
  const writing = useSignal(false);
  const media = call.media;
  const cameraOn = media.video.value !== null;
  return (
    <div class="waiting" data-test="waiting-page">
      <section class="stage mirror" aria-label={tb('base.you')}>
        <SelfVideo media={media} />
        {cameraOn ? null : <div class="person"><Icon name="videoOff" /></div>}
        <div class="over row">
          {media.cameras.value > 1 && cameraOn ? (
            <Button size="small" icon="flip" test="flip" onClick={() => void media.flip()}>{t('call.flip')}</Button>
          ) : null}
          <Button size="small" icon={cameraOn ? 'videoOff' : 'video'} test="camera" onClick={() => void media.setCamera(!cameraOn)}>
            {t(cameraOn ? 'call.camera_off' : 'call.camera_on')}
          </Button>
        </div>
        <div class="top"><RecordedPill session={session} /></div>
        <ReconnectingVeil call={call} />
      </section>
      <main class="panel">
        <div class="row between">
          <strong>{visit.seller.value}</strong>
          <LanguageSwitch />
        </div>
        <QueueWords session={session} />
        {writing.value ? (
          <div class="waiting-messages"><Messages session={session} autofocus /></div>
        ) : null}
        <div class="row wrap actions">
          {writing.value ? null : (
            <Button class="grow" icon="write" test="write" onClick={() => (writing.value = true)}>{t('join.waiting_write')}</Button>
          )}
          <Button variant="danger-quiet" icon="hangUp" test="hang-up" onClick={() => void visit.hangUp()}>{t('join.leave_queue')}</Button>
        </div>
      </main>
    </div>
  );
}
