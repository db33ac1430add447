/** The sheet in which a person sees and hears that sound works, and chooses what is used. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { nowMs, serverAheadMs } from '../base/time';
import { Button, Dialog, Select, Switch, toast } from '../base/ui';
import type { Call } from '../live/call';
import type { DeviceUse } from '../live/device_choice';
import type { PushToTalk } from '../live/push_to_talk';
import type { LiveSession } from '../live/session';
import { LevelBar, useUnmutedCopy } from './level_bar';
import { soundCheck } from './sound_check';
import { s } from './sound_words';
import { playTestTone } from './test_tone';

const KINDS: Record<DeviceUse, MediaDeviceKind> = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' };
/** Chromium's names for what the system prefers; our empty choice says that already. */
const ALIASES = new Set(['', 'default', 'communications']);
const canChooseSpeaker = () => 'setSinkId' in HTMLMediaElement.prototype;

export function SoundSheet({ call, session, talk, onClose }: { call: Call; session: LiveSession; talk?: PushToTalk | undefined; onClose: () => void }) {
  const { media } = call;
  const devices = useSignal<MediaDeviceInfo[]>([]);
  useEffect(() => {
    const look = () => void navigator.mediaDevices?.enumerateDevices().then((found) => (devices.value = found), () => undefined);
    look();
    navigator.mediaDevices?.addEventListener?.('devicechange', look);
    return () => navigator.mediaDevices?.removeEventListener?.('devicechange', look);
  }, []);
  const name = session.other.value?.name ?? '';
  const theirs = call.connection.remote.value?.main.getAudioTracks()[0] ?? null;
  const microphone = media.microphone.value;
  const hasMicrophone = media.audio.value !== null;

  return (
    <Dialog title={s('sound.title')} sheet test="sound-sheet" onClose={onClose}>
      <section class="stack sound-part">
        <OwnLevel track={media.audio.value} />
        <p class="quiet s" role="status">{s(microphone === 'interrupted' ? 'sound.interrupted' : !hasMicrophone ? 'sound.level_none' : media.muted.value ? 'sound.level_muted' : 'sound.level_on')}</p>
        {hasMicrophone ? null : <Button icon="mic" test="microphone-again" onClick={() => void media.openMicrophone()}>{s('sound.microphone_again')}</Button>}
        <Choose call={call} use="microphone" label={s('sound.microphone')} devices={devices.value} />
        {talk ? (
          <div class="stack tight">
            <Switch label={s('sound.talk_mode')} on={talk.on.value} disabled={!hasMicrophone} test="talk-mode" onToggle={(on) => talk.set(on)} />
            <p class="quiet s">{s('sound.talk_mode_hint')}</p>
          </div>
        ) : null}
      </section>
      <section class="stack sound-part">
        <div class="stack tight">
          <strong class="s">{s('sound.their_level', { name })}</strong>
          <LevelBar track={theirs} label={s('sound.their_level', { name })} test="their-level" />
        </div>
        {canChooseSpeaker() ? <Choose call={call} use="speaker" label={s('sound.speaker')} devices={devices.value} /> : <p class="quiet s">{s('sound.headset')}</p>}
        <TestTone speaker={media.speaker.value} />
      </section>
      {name ? <Ask session={session} name={name} disabled={!hasMicrophone} /> : null}
      <Choose call={call} use="camera" label={s('sound.camera')} devices={devices.value} />
    </Dialog>
  );
}

function OwnLevel({ track }: { track: MediaStreamTrack | null }) {
  const copy = useSignal<MediaStreamTrack | null>(null);
  useUnmutedCopy(
    track,
    (made) => {
      copy.value = made;
      return () => (copy.value = null);
    },
    true,
  );
  return (
    <div class="stack tight">
      <strong class="s">{s('sound.your_level')}</strong>
      <LevelBar track={copy.value} label={s('sound.your_level')} test="own-level" />
    </div>
  );
}

/** Nothing to choose, nothing shown. */
function Choose({ call, use, label, devices }: { call: Call; use: DeviceUse; label: string; devices: MediaDeviceInfo[] }) {
  const chosen = useSignal(call.media.choice.get(use));
  const found = devices.filter((device) => device.kind === KINDS[use] && !ALIASES.has(device.deviceId));
  if (found.length === 0 || (use === 'camera' && found.length < 2)) return null;
  const known = found.some((device) => device.deviceId === chosen.value);
  return (
    <Select
      label={label}
      test={`choose-${use}`}
      value={known ? chosen.value : ''}
      options={[
        { value: '', label: s('sound.as_system') },
        ...found.map((device, index) => ({ value: device.deviceId, label: device.label || s('sound.unnamed', { number: index + 1 }) })),
      ]}
      onPick={(id) => {
        chosen.value = id;
        void call.media.choose(use, id).then((done) => {
          if (done) return;
          chosen.value = call.media.choice.get(use);
          toast(s('sound.not_chosen'));
        });
      }}
    />
  );
}

function TestTone({ speaker }: { speaker: string }) {
  const playing = useSignal(false);
  const play = () => {
    playing.value = true;
    void playTestTone(speaker)
      .catch(() => toast(s('sound.test_failed')))
      .finally(() => (playing.value = false));
  };
  return <Button icon="sound" test="test-tone" busy={playing.value} onClick={play}>{s('sound.test')}</Button>;
}

function Ask({ session, name, disabled }: { session: LiveSession; name: string; disabled: boolean }) {
  const own = useComputed(() => soundCheck(session.events.value, session.you.participant_id, nowMs.value + serverAheadMs.value).own).value;
  return (
    <section class="stack sound-part">
      <Button variant="primary" size="large" icon="question" test="sound-ask" disabled={disabled} busy={own === 'asked'} onClick={() => void session.send('sound.ask', {})}>{s('sound.ask')}</Button>
      <p class={own === 'not_heard' ? 'wrong' : 'quiet s'} role="status" data-test="sound-result" data-result={own}>
        {s(own === 'none' ? 'sound.ask_hint' : `sound.${own}`, { name })}
        {own === 'not_heard' ? <span class="quiet s"> {s('sound.not_heard_hint')}</span> : null}
      </p>
    </section>
  );
}
