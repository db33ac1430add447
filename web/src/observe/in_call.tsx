/** The observer in the call: buyer and host side by side, oneself small, the conversation beside them. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Participant } from '../base/protocol/session';
import { Dialog } from '../base/ui';
import { CompanyPills, initials, useCompanyNews } from '../call/company';
import { Messages, messagesFromOthers } from '../call/messages';
import { RemoteVideo } from '../call/remote_video';
import { SelfView } from '../call/self_view';
import { ConnectionPill, ownWord, RecordedPill, ReconnectingVeil } from '../call/status';
import { Tool } from '../call/tool';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { t } from './text';
import type { Visit } from './visit';

export function InCall({ visit, call }: { visit: Visit; call: Call }) {
  const session = call.session.value;
  return session ? <Inside visit={visit} call={call} session={session} /> : null;
}

function Picture({ person, whom, stream, test }: { person: Participant | null; whom: string; stream: MediaStream | null; test: string }) {
  const name = person?.name ?? whom;
  return (
    <div class="half">
      <RemoteVideo stream={stream} fit="contain" label={t('observe.picture_of', { name })} test={test} />
      {!person || person.presence !== 'here' ? (
        <div class="person" role="status"><span class="spinner" aria-hidden="true" /><p>{t('observe.waiting_for', { name })}</p></div>
      ) : !person.camera ? (
        <div class="person"><span class="round" aria-hidden="true">{initials(name)}</span><p>{t('observe.no_picture', { name })}</p></div>
      ) : null}
      <span class="half-name">{name}</span>
    </div>
  );
}

function voiceWords(session: LiveSession, voice: Participant['voice']): string {
  if (voice === 'speaks') return t(session.successor.value ? 'observe.unheard_now' : 'observe.speaks');
  return t(voice === 'asks' ? 'observe.asks' : 'observe.listening');
}

function Inside({ visit, call, session }: { visit: Visit; call: Call; session: LiveSession }) {
  const writing = useSignal(false);
  const readSeq = useSignal(0);
  const theirs = messagesFromOthers(session);
  const newest = theirs.at(-1)?.seq ?? 0;
  useEffect(() => {
    if (writing.value) readSeq.value = newest;
  }, [writing.value, newest]);
  useCompanyNews(session);
  const unread = theirs.filter((event) => event.seq > readSeq.value).length;
  const { media, connection } = call;
  const me = session.me.value;
  const voice = me?.voice ?? 'silent';
  const sends = voice !== 'silent';
  const hasMicrophone = media.microphone.value === 'on';
  const muted = media.muted.value || !hasMicrophone;
  const cameraOn = media.video.value !== null;
  const remote = connection.remote.value;
  return (
    <div class="observing" data-test="in-call" data-voice={voice}>
      <main class="stage">
        <div class="pair">
          <Picture person={session.other.value} whom={t('observe.buyer')} stream={remote?.main ?? null} test="buyer-video" />
          <Picture person={session.guest.value} whom={t('observe.host')} stream={remote?.observer ?? null} test="host-video" />
        </div>
        <div class="top">
          <span class="row wrap chips">
            {sends ? <RecordedPill session={session} /> : null}
            <ConnectionPill word={ownWord(call, session)} />
          </span>
          <span class="row wrap chips"><CompanyPills session={session} /></span>
        </div>
        {voice === 'speaks' ? <SelfView media={media} first="bottom-right" /> : null}
        <ReconnectingVeil call={call} />
      </main>
      <p class="voice-words" role="status" data-test="voice-words">{voiceWords(session, voice)}</p>
      <nav class="controls" aria-label={t('call.controls')}>
        {sends ? (
          <>
            <Tool icon={muted ? 'micOff' : 'mic'} label={t(muted ? 'call.unmute' : 'call.mute')} pressed={muted} test="mute" onPress={() => (hasMicrophone ? media.setMuted(!media.muted.value) : void media.openMicrophone())} />
            <Tool icon={cameraOn ? 'video' : 'videoOff'} label={t(cameraOn ? 'call.camera_off' : 'call.camera_on')} pressed={!cameraOn} test="camera" onPress={() => void media.setCamera(!cameraOn)} />
          </>
        ) : null}
        <Tool icon="write" label={t('call.write')} test="write" count={unread} countLabel={t('call.unread', { count: unread })} onPress={() => (writing.value = true)} />
        <Tool icon="hangUp" label={t('observe.leave')} tone="danger" test="leave" onPress={() => void visit.leave()} />
      </nav>
      {writing.value ? (
        <Dialog title={t('call.messages')} sheet test="messages-sheet" onClose={() => (writing.value = false)}>
          <div class="sheet-messages"><Messages session={session} autofocus /></div>
        </Dialog>
      ) : null}
    </div>
  );
}
