/** The buyer in the call: the host large, oneself small, five tools at the thumb. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button, Dialog, Icon, toast } from '../base/ui';
import { CompanyPills, GuestPicture, initials, useCompanyNews } from '../call/company';
import { benchPicture, loadBenchPicture } from './bench_later';
import { Messages, messagesFromOthers } from '../call/messages';
import { RemoteVideo } from '../call/remote_video';
import { useRoom } from '../call/room';
import { SelfView } from '../call/self_view';
import { ConnectionHelp, ConnectionPills } from '../call/connection_help';
import { Sound } from '../call/sound';
import { OtherLost, ReconnectingVeil, RecordedPill } from '../call/status';
import { Tool } from '../call/tool';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { OpenFinding, openFinding } from './finding';
import { tl as t } from './text';
import type { Visit } from './visit';

/** How long a message from the host lies over the picture. */
const HINT_MS = 12_000;

function OtherPerson({ session, unshowable }: { session: LiveSession; unshowable: boolean }) {
  const host = session.other.value;
  const name = host?.name ?? '';
  if (host?.presence === 'away') {
    return (
      <div class="person over-picture" role="status" data-test="host-away">
        <span class="spinner" aria-hidden="true" />
        <p>{t('call.away_of', { name })}</p>
      </div>
    );
  }
  if (host && !host.camera) {
    return (
      <div class="person" data-test="host-no-camera">
        <span class="round" aria-hidden="true">{initials(name)}</span>
        <p>{t('call.no_camera_of', { name })}</p>
      </div>
    );
  }
  if (host && unshowable) {
    return (
      <div class="person" role="status" data-test="unshowable">
        <span class="round" aria-hidden="true">{initials(name)}</span>
        <p>{t('call.unshowable', { name })}</p>
      </div>
    );
  }
  return null;
}

/** The host's newest words, over the picture, until read. */
function Hint({ session, onOpen }: { session: LiveSession; onOpen: () => void }) {
  const newest = useComputed(() => messagesFromOthers(session).at(-1) ?? null);
  const dismissed = useSignal(newest.peek() && Date.now() - Date.parse(newest.peek()?.at ?? '') > HINT_MS ? (newest.peek()?.seq ?? 0) : 0);
  const event = newest.value;
  useEffect(() => {
    if (!event) return;
    const timer = setTimeout(() => (dismissed.value = event.seq), HINT_MS);
    return () => clearTimeout(timer);
  }, [event?.seq]);
  if (!event || event.kind !== 'message' || event.seq <= dismissed.value) return null;
  return (
    <button type="button" class="hint" data-test="hint" onClick={onOpen}>
      <Icon name="write" />
      <span>
        <strong lang={event.payload.locale} dir="auto">{event.payload.text}</strong>
        <span class="quiet s">{event.actor.name}</span>
      </span>
    </button>
  );
}

export function InCall({ visit, call, session }: { visit: Visit; call: Call; session: LiveSession }) {
  const room = useRoom();
  const writing = useSignal(false);
  const leaving = useSignal(false);
  const firstFrame = useSignal(false);
  const sounding = useSignal(false);
  const readSeq = useSignal(0);
  const theirs = messagesFromOthers(session);
  const newest = theirs.at(-1)?.seq ?? 0;
  useEffect(() => {
    if (writing.value) readSeq.value = newest;
  }, [writing.value, newest]);
  const unread = theirs.filter((event) => event.seq > readSeq.value).length;

  const { media, connection } = call;
  const host = session.other.value;
  const name = host?.name ?? '';
  // A face may lose its edges on a phone held upright; goods that are shown may not.
  const fit = session.snapshot.value.direction === 'warehouse_shows' ? 'contain' : 'cover';
  const hasMicrophone = media.microphone.value === 'on';
  const muted = media.muted.value || !hasMicrophone;
  const cameraOn = media.video.value !== null;
  const bench = session.participants.value.find((p) => p.role === 'bench' && p.presence === 'here') ?? null;
  const BenchPicture = benchPicture.value;
  /** A camera that the host has just begun to show is what they speak of. */
  const benchLarge = useSignal(true);
  useEffect(() => {
    if (bench) {
      benchLarge.value = true;
      loadBenchPicture();
    }
  }, [bench?.id]);
  const benched = bench !== null && BenchPicture !== null && benchLarge.value;
  const handover = session.handover.value;
  useCompanyNews(session, (event) => {
    if (event.kind === 'host_changed') toast(t('call.handed_over', { name: event.payload.to }));
  });

  return (
    <div class="call" data-test="in-call">
      <main ref={room} class={benched ? 'stage benched' : 'stage'} aria-label={t('join.call_with', { name })}>
        <h1 class="sr">{t('join.call_with', { name })}</h1>
        <RemoteVideo stream={connection.remote.value?.main ?? null} fit={fit} label={t('join.picture_of', { name })} test="remote-video" speaker={media.speaker.value} onFrame={() => {
          firstFrame.value = true;
          call.pictureShown();
        }} />
        {bench && BenchPicture ? <BenchPicture call={call} bench={bench} large={benchLarge.value} onSwap={() => (benchLarge.value = true)} /> : null}
        {benched ? <button type="button" class="bench-swap host" data-test="host-swap" aria-label={t('call.bench_enlarge', { name })} onClick={() => (benchLarge.value = false)} /> : null}
        {!firstFrame.value && host?.camera !== false && !call.unshowable.value ? (
          <div class="person" data-test="connecting">
            <span class="round" aria-hidden="true">{initials(name)}</span>
            <p role="status">{t('join.connecting_to', { name })}</p>
          </div>
        ) : null}
        <OtherPerson session={session} unshowable={call.unshowable.value} />
        <OtherLost call={call} session={session} />
        <div class="top">
          <RecordedPill session={session} />
          <button type="button" class="pill press" aria-haspopup="dialog" data-test="sound" onClick={() => (sounding.value = true)}><Icon name="sound" />{t('call.sound')}</button>
          <ConnectionPills call={call} session={session} />
          {connection.frozen.value && connection.word.value === 'connected' && host?.presence === 'here' ? <span class="pill" role="status">{t('call.frozen')}</span> : null}
          <CompanyPills session={session} />
          {handover?.to ? <span class="pill" role="status" data-test="handover">{t('call.handing_over', { from: name, to: handover.to })}</span> : null}
        </div>
        <GuestPicture session={session} stream={connection.remote.value?.observer ?? null} />
        <SelfView media={media} />
        <div class="bottom">
          <ConnectionHelp session={session} />
          {media.microphone.value === 'refused' || media.microphone.value === 'missing' ? <span class="pill" role="status" data-test="no-microphone">{t('call.microphone_silent')}</span> : null}
          {writing.value || openFinding(session) ? null : <Hint session={session} onOpen={() => (writing.value = true)} />}
          <Sound call={call} session={session} open={sounding} />
          <OpenFinding session={session} />
        </div>
        <ReconnectingVeil call={call} />
      </main>
      <nav class="controls" aria-label={t('call.controls')}>
        <Tool icon={muted ? 'micOff' : 'mic'} label={t(muted ? 'call.unmute' : 'call.mute')} pressed={muted} test="mute" onPress={() => (hasMicrophone ? media.setMuted(!media.muted.value) : void media.openMicrophone())} />
        <Tool icon="flip" label={t('call.flip')} test="flip" disabled={!cameraOn || media.cameras.value < 2} onPress={() => void media.flip()} />
        <Tool icon={cameraOn ? 'video' : 'videoOff'} label={t(cameraOn ? 'call.camera_off' : 'call.camera_on')} pressed={!cameraOn} test="camera" onPress={() => void media.setCamera(!cameraOn)} />
        <Tool icon="write" label={t('call.write')} test="write" count={unread} countLabel={t('call.unread', { count: unread })} onPress={() => (writing.value = true)} />
        <Tool icon="hangUp" label={t('call.hang_up')} tone="danger" test="hang-up" onPress={() => (leaving.value = true)} />
      </nav>
      {writing.value ? (
        <Dialog title={t('call.messages')} sheet test="messages-sheet" onClose={() => (writing.value = false)}>
          <div class="sheet-messages"><Messages session={session} autofocus /></div>
        </Dialog>
      ) : null}
      {leaving.value ? (
        <Dialog
          title={t('join.hang_up_title')}
          sheet
          test="hang-up-dialog"
          onClose={() => (leaving.value = false)}
          actions={
            <>
              <Button wide size="large" onClick={() => (leaving.value = false)}>{t('join.hang_up_no')}</Button>
              <Button wide size="large" variant="danger" icon="hangUp" test="hang-up-yes" onClick={() => void visit.hangUp()}>{t('join.hang_up_yes')}</Button>
            </>
          }
        >
          <p class="quiet">{t('join.hang_up_text')}</p>
        </Dialog>
      ) : null}
    </div>
  );
}
