/** The inspector in a call: whoever shows the goods large, tools at the thumbs, the case beside it. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { languageName } from '../base/time';
import { Icon, toast } from '../base/ui';
import { messagesFromOthers } from '../call/messages';
import { RemoteVideo } from '../call/remote_video';
import { SelfVideo, SelfView } from '../call/self_view';
import { ConnectionHelp, ConnectionPills } from '../call/connection_help';
import { OtherLost, ReconnectingVeil, RecordedPill } from '../call/status';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { DeviceDialog, EndDialog, FindingDialog, MarkerDialog, ReleaseDialog } from './dialogs';
import { CasePanel, type PanelTab } from './panel';
import type { Shift } from './shift';
import { BuyerState, StillStrip } from './stage';
import { largeAtFirst, Stills, type Subject } from './stills';
import { t } from './text';
import { Tools, type ToolName } from './tools';

export type Asking = 'marker' | 'finding' | 'end' | 'release' | null;

export function CallScreen({ shift, call }: { shift: Shift; call: Call }) {
  const session = call.session.value;
  return session ? <Inside shift={shift} call={call} session={session} /> : null;
}

function Inside({ shift, call, session }: { shift: Shift; call: Call; session: LiveSession }) {
  const stills = useMemo(() => new Stills(session.id), [session.id]);
  const asking = useSignal<Asking>(null);
  const tab = useSignal<PanelTab>('case');
  const readSeq = useSignal(0);
  const hasFrame = useSignal(false);
  const taking = useSignal(false);
  /** The moment a marker names is when its tool was touched, not when its label was found. */
  const markedMs = useSignal<number | null>(null);
  const shows = session.snapshot.value.direction === 'warehouse_shows';
  const large = useSignal<Subject>(largeAtFirst(session.snapshot.value.direction));
  const ownIsLarge = large.value === 'own';
  const { media, connection } = call;
  const buyer = session.other.value;
  const name = buyer?.name ?? session.snapshot.value.case.buyer.name;
  const stream = connection.remote.value?.main ?? null;
  const track = media.video.value;
  const own = useMemo(() => (track ? new MediaStream([track]) : null), [track]);

  useEffect(() => {
    for (const event of session.events.peek()) stills.learn(event);
    session.onEvent = (event) => stills.learn(event);
    return () => (session.onEvent = null);
  }, [session, stills]);

  const theirs = messagesFromOthers(session);
  const newest = theirs.at(-1)?.seq ?? 0;
  useEffect(() => {
    if (tab.value === 'messages') readSeq.value = newest;
  }, [tab.value, newest]);
  const unread = theirs.filter((event) => event.seq > readSeq.value).length;

  const takeStill = async () => {
    if (taking.value) return;
    const subject = large.peek();
    const unrecorded = session.unrecorded.peek();
    if (subject === 'own' && unrecorded.has(session.you.participant_id)) {
      toast(t('call.you_unrecorded'));
      return;
    }
    if (subject === 'other' && buyer && unrecorded.has(buyer.id)) {
      toast(t('call.unrecorded_of', { name }));
      return;
    }
    if (!stills.possible(subject)) {
      toast(t('host.still_no_picture'));
      return;
    }
    taking.value = true;
    const taken = await stills.take(subject);
    taking.value = false;
    if (!taken) toast(t('host.still_error'));
  };
  const use = (tool: ToolName) => {
    switch (tool) {
      case 'still':
        return void takeStill();
      case 'marker':
        markedMs.value = stills.shownAtMs(large.peek());
        asking.value = 'marker';
        return;
      case 'write':
        tab.value = 'messages';
        return void requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-test="message-input"]')?.focus());
      case 'mute':
        return media.microphone.peek() === 'on' ? media.setMuted(!media.muted.peek()) : void media.openMicrophone();
      case 'camera':
        return void media.setCamera(media.video.peek() === null);
      case 'flip':
        return void media.flip();
      case 'swap':
        large.value = large.peek() === 'own' ? 'other' : 'own';
        return;
      case 'finding':
      case 'end':
      case 'release':
        asking.value = tool;
    }
  };
  const close = () => (asking.value = null);

  return (
    <div class="host-call" data-test="host-call">
      <main class={ownIsLarge ? 'stage swapped' : 'stage'} aria-label={t('host.stage', { name })}>
        <h1 class="sr">{t('host.stage', { name })}</h1>
        {ownIsLarge ? (
          <div class="own-large">
            <SelfVideo media={media} fit="contain" onElement={(element) => stills.watch('own', element)} />
            {track ? null : <div class="person"><Icon name="videoOff" /></div>}
          </div>
        ) : null}
        <RemoteVideo
          stream={stream}
          fit="contain"
          label={t('host.stage', { name })}
          test="remote-video"
          onElement={(element) => stills.watch('other', element)}
          onFrame={(frame) => {
            hasFrame.value = true;
            stills.shown(frame);
          }}
        />
        {ownIsLarge ? null : <SelfView media={media} first="bottom-left" />}
        <BuyerState session={session} hasFrame={hasFrame.value} name={name} small={ownIsLarge} />
        {ownIsLarge ? null : <OtherLost call={call} session={session} />}
        <div class="top">
          <span class="row wrap chips">
            <RecordedPill session={session} />
            {session.state.value === 'live' ? <ConnectionPills call={call} session={session} /> : null}
            {connection.frozen.value && connection.word.value === 'connected' && buyer?.presence === 'here' ? <span class="pill" role="status">{t('call.frozen')}</span> : null}
          </span>
          <span class="row wrap chips">
            <span class="pill">{t('host.speaks', { language: languageName(buyer?.locale ?? session.snapshot.value.case.buyer.locale) })}</span>
            <CameraTrouble call={call} />
          </span>
          <ConnectionHelp session={session} />
        </div>
        <div class="foot">
          <StillStrip stills={stills} />
          <Tools media={media} unread={unread} taking={taking.value} shows={shows} blocked={asking.value !== null} onUse={use} />
        </div>
        <ReconnectingVeil call={call} />
      </main>
      <CasePanel session={session} stream={ownIsLarge ? own : stream} tab={tab} unread={unread} onFinding={() => use('finding')} />
      {asking.value === 'marker' ? <MarkerDialog session={session} atMs={markedMs.value} onClose={close} /> : null}
      {asking.value === 'finding' ? <FindingDialog session={session} onClose={close} /> : null}
      {asking.value === 'release' ? <ReleaseDialog name={name} onClose={close} onYes={() => shift.release(call)} /> : null}
      {asking.value === 'end' ? <EndDialog onClose={close} onEnd={(verdict) => shift.end(call, verdict)} /> : null}
      {session.asking.value ? <DeviceDialog session={session} name={name} /> : null}
    </div>
  );
}

function CameraTrouble({ call }: { call: Call }) {
  const state = call.media.camera.value;
  if (state === 'on' || state === 'off' || state === 'asking') return null;
  return <span class="pill" role="status">{t('host.camera_trouble', { reason: t(`host.camera_${state}`) })}</span>;
}
