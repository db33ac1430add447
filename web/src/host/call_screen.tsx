/** The inspector in a call: whoever shows the goods large, tools at the thumbs, the case beside it. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { languageName } from '../base/time';
import { Icon, toast } from '../base/ui';
import { BenchPicture, benchOf } from '../call/bench_picture';
import { CompanyPills, GuestPicture } from '../call/company';
import { messagesFromOthers } from '../call/messages';
import { RemoteVideo } from '../call/remote_video';
import { useRoom } from '../call/room';
import { SelfVideo, SelfView } from '../call/self_view';
import { ConnectionHelp, ConnectionPills } from '../call/connection_help';
import { Sound } from '../call/sound';
import { OtherLost, ReconnectingVeil, RecordedPill } from '../call/status';
import type { Call } from '../live/call';
import { PushToTalk } from '../live/push_to_talk';
import type { LiveSession } from '../live/session';
import { Bench, BenchDialog, type BenchCamera } from './bench';
import { DeviceDialog, EndDialog, FindingDialog, MarkerDialog, ReleaseDialog } from './dialogs';
import { HandoverBar } from './handover_bar';
import { CasePanel, type PanelTab } from './panel';
import { HandoverDialog, PeopleDialog } from './people';
import type { Shift } from './shift';
import { BuyerState, StillStrip } from './stage';
import { largeAtFirst, nextLarge, Stills, type Subject } from './stills';
import { t } from './text';
import { DECIDING, HoldToTalk, MoreTools, Tools, type ToolName } from './tools';

export type Asking = 'marker' | 'finding' | 'end' | 'release' | 'bench' | 'people' | 'handover' | 'more' | null;

export function CallScreen({ shift, call }: { shift: Shift; call: Call }) {
  const session = call.session.value;
  return session ? <Inside shift={shift} call={call} session={session} /> : null;
}

function Inside({ shift, call, session }: { shift: Shift; call: Call; session: LiveSession }) {
  const stills = useMemo(() => new Stills(session.id), [session.id]);
  const talk = useMemo(() => new PushToTalk(call.media), [call]);
  const room = useRoom();
  const sounding = useSignal(false);
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
  const benchCameras = useMemo(() => new Bench(session.id), [session.id]);
  const bench = benchOf(session);
  const benchIsLarge = large.value === 'bench' && bench !== null;
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

  useEffect(() => {
    // Shown or taken away, by this page or before a reload: what is large follows.
    void benchCameras.refresh();
    stills.forget('bench');
    if (bench) large.value = 'bench';
    else if (large.peek() === 'bench') large.value = largeAtFirst(session.snapshot.peek().direction);
  }, [bench?.id]);
  const showBench = async (camera: BenchCamera, shown: boolean) => {
    asking.value = null;
    await benchCameras.show(camera, shown);
  };

  const inCharge = session.me.value?.in_charge ?? true;
  const asks = session.observers.value.filter((person) => person.voice === 'asks').length;
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
    if (!inCharge && DECIDING.has(tool)) return toast(t('host.not_in_charge'));
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
      case 'sound':
        sounding.value = true;
        return;
      case 'mute':
        return media.microphone.peek() === 'on' ? media.setMuted(!media.muted.peek()) : void media.openMicrophone();
      case 'camera':
        return void media.setCamera(media.video.peek() === null);
      case 'flip':
        return void media.flip();
      case 'swap':
        large.value = nextLarge(large.peek(), bench !== null);
        return;
      case 'bench': {
        const [only, ...others] = benchCameras.cameras.peek();
        if (only && others.length === 0) return void showBench(only, bench === null);
        asking.value = 'bench';
        return;
      }
      case 'finding':
      case 'end':
      case 'people':
      case 'more':
      case 'release':
        asking.value = tool;
    }
  };
  const close = () => (asking.value = null);

  return (
    <div class={talk.on.value ? 'host-call talks' : 'host-call'} data-test="host-call">
      <main ref={room} class={ownIsLarge || benchIsLarge ? 'stage swapped' : 'stage'} aria-label={t('host.stage', { name })}>
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
          speaker={media.speaker.value}
          onElement={(element) => stills.watch('other', element)}
          onFrame={(frame) => {
            hasFrame.value = true;
            call.pictureShown();
            stills.shown('other', frame);
          }}
        />
        {bench ? (
          <BenchPicture call={call} bench={bench} large={benchIsLarge} onSwap={() => (large.value = 'bench')} onElement={(element) => stills.watch('bench', element)} onFrame={(frame) => stills.shown('bench', frame)} />
        ) : null}
        {ownIsLarge ? null : <SelfView media={media} first={benchIsLarge ? 'top-right' : 'bottom-left'} key={benchIsLarge ? 'bench' : 'person'} />}
        <GuestPicture session={session} stream={connection.remote.value?.observer ?? null} />
        <BuyerState session={session} hasFrame={hasFrame.value} unshowable={call.unshowable.value} name={name} small={ownIsLarge || benchIsLarge} />
        {ownIsLarge || benchIsLarge ? null : <OtherLost call={call} session={session} />}
        <div class="top">
          <span class="row wrap chips">
            <RecordedPill session={session} />
            {session.state.value === 'live' ? <ConnectionPills call={call} session={session} /> : null}
            {connection.frozen.value && connection.word.value === 'connected' && buyer?.presence === 'here' ? <span class="pill" role="status">{t('call.frozen')}</span> : null}
          </span>
          <span class="row wrap chips">
            <span class="pill">{t('host.speaks', { language: languageName(buyer?.locale ?? session.snapshot.value.case.buyer.locale) })}</span>
            <CompanyPills session={session} />
            <CameraTrouble call={call} />
          </span>
          <HandoverBar shift={shift} session={session} />
          <ConnectionHelp session={session} />
        </div>
        <div class="foot">
          <Sound call={call} session={session} open={sounding} talk={talk} />
          <StillStrip stills={stills} />
          <div class="hands">
            <HoldToTalk talk={talk} media={media} />
            <Tools media={media} talk={talk} unread={unread} taking={taking.value} bench={benchCameras.cameras.value.length > 0 ? bench !== null : null} inCharge={inCharge} company={asks} blocked={asking.value !== null} onUse={use} />
          </div>
        </div>
        <ReconnectingVeil call={call} />
      </main>
      <CasePanel session={session} stream={ownIsLarge ? own : benchIsLarge ? (connection.remote.value?.bench ?? null) : stream} tab={tab} unread={unread} onFinding={() => use('finding')} />
      {asking.value === 'marker' ? <MarkerDialog session={session} atMs={markedMs.value} onClose={close} /> : null}
      {asking.value === 'more' ? <MoreTools media={media} shows={shows} inCharge={inCharge} onUse={use} onClose={close} /> : null}
      {asking.value === 'finding' ? <FindingDialog session={session} onClose={close} /> : null}
      {asking.value === 'bench' ? <BenchDialog bench={benchCameras} onClose={close} onShow={(camera, shown) => void showBench(camera, shown)} /> : null}
      {asking.value === 'release' ? <ReleaseDialog name={name} onClose={close} onYes={() => shift.release(call)} /> : null}
      {asking.value === 'end' ? <EndDialog onClose={close} onEnd={(verdict) => shift.end(call, verdict)} /> : null}
      {asking.value === 'people' ? <PeopleDialog session={session} onClose={close} onHandOver={() => (asking.value = 'handover')} /> : null}
      {asking.value === 'handover' ? <HandoverDialog session={session} onClose={close} /> : null}
      {session.asking.value && inCharge ? <DeviceDialog session={session} name={name} /> : null}
    </div>
  );
}

function CameraTrouble({ call }: { call: Call }) {
  const state = call.media.camera.value;
  if (state === 'on' || state === 'off' || state === 'asking') return null;
  return <span class="pill" role="status">{t('host.camera_trouble', { reason: t(`host.camera_${state}`) })}</span>;
}
