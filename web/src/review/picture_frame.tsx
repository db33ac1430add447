/** One participant's picture: the frame of the moment, or why there is none. */
import { useComputed, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button, Icon } from '../base/ui';
import { ts } from '../staff/text';
import { causeWords } from './describe';
import type { LanePlayer } from './lane_player';
import type { ReplayPlayer } from './player';
import type { Lane, Part, Shown } from './sync';
import { t } from './text';
import { length, wallSeconds, wallTime } from './time_words';

interface Props {
  lane: LanePlayer;
  player: ReplayPlayer;
  large: boolean;
  onEnlarge: (participantId: string | null) => void;
}

const ROLES = ['buyer', 'host', 'observer', 'bench'] as const;

export function roleWords(role: string): string {
  const known = ROLES.find((one) => one === role);
  return known ? ts(`role.${known}`) : role;
}

export function PictureFrame({ lane, player, large, onEnlarge }: Props) {
  const { participantId, role, name } = lane.lane.value;
  const shown = lane.shown.value;
  const muted = lane.muted.value;
  // Who may not know the names is told the role alone.
  const label = name === roleWords(role) ? name : `${roleWords(role)} · ${name}`;
  const active = shown.kind === 'picture' ? shown.part.recordingId : null;
  return (
    <section class={large ? 'frame large' : 'frame'} aria-label={label} data-test={`review-frame-${role}`} data-shown={shown.kind}>
      {lane.near.value.map((part) => (
        <PartVideo key={part.recordingId} part={part} lane={lane} visible={part.recordingId === active} role={role} name={name} />
      ))}
      <span class="frame-name">{label}</span>
      <div class="frame-tools">
        <button type="button" class="stage-icon" aria-pressed={muted} aria-label={t(muted ? 'picture.unmute' : 'picture.mute', { name })} title={t(muted ? 'picture.unmute' : 'picture.mute', { name })} data-test={`mute-${role}`} onClick={() => lane.setMuted(!muted)}>
          <Icon name={muted ? 'micOff' : 'sound'} />
        </button>
        <button type="button" class="stage-icon" aria-pressed={large} aria-label={large ? t('picture.side_by_side') : t('picture.enlarge', { name })} title={large ? t('picture.side_by_side') : t('picture.enlarge', { name })} data-test={`enlarge-${role}`} onClick={() => onEnlarge(large ? null : participantId)}>
          <Icon name="expand" />
        </button>
      </div>
      {shown.kind === 'picture' ? null : <Absence shown={shown} lane={lane.lane.value} onSkip={(ms) => player.seek(ms)} />}
      {lane.failed.value && shown.kind === 'picture' ? (
        <div class="frame-cover" role="alert" data-test={`failed-${role}`}>
          <Icon name="warning" />
          <strong>{t('picture.failed')}</strong>
          <p>{t('picture.failed_hint')}</p>
          <Button size="small" onClick={() => lane.retry()} test={`retry-${role}`}>{t('base.try_again')}</Button>
        </div>
      ) : null}
      {lane.waiting.value && !lane.failed.value && shown.kind === 'picture' ? (
        <div class="frame-wait" role="status"><span class="spinner" aria-hidden="true" />{t('picture.waiting')}</div>
      ) : null}
      {shown.kind === 'picture' && shown.loss !== null ? <span class="frame-loss"><Icon name="warning" />{t('picture.loss')}</span> : null}
      <FrameTime lane={lane} player={player} role={role} />
    </section>
  );
}

/** The wall clock of the frame on the screen; text and attribute change without a rendering. */
function FrameTime({ lane, player, role }: { lane: LanePlayer; player: ReplayPlayer; role: string }) {
  const words = useComputed(() => {
    const ms = lane.frameWallMs.value;
    if (ms !== null) return `${wallTime(ms)} UTC`;
    return lane.shown.value.kind === 'picture' ? '--:--:--.--- UTC' : `${wallTime(player.wallMs.value)} UTC`;
  });
  const wallMs = useComputed(() => String(Math.round(lane.frameWallMs.value ?? -1)));
  return <time class="frame-time" data-test={`review-time-${role}`} data-wall-ms={wallMs}>{words}</time>;
}

function PartVideo({ part, lane, visible, role, name }: { part: Part; lane: LanePlayer; visible: boolean; role: string; name: string }) {
  const video = useRef<HTMLVideoElement>(null);
  /** Somebody without a camera was recorded with sound alone: that is said, not shown as black. */
  const soundOnly = useSignal(false);
  const look = () => (soundOnly.value = (video.current?.videoWidth ?? 1) === 0);
  useLayoutEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    element.src = part.url;
    return lane.attach(part, element);
  }, [part.recordingId, part.url]);
  return (
    <>
    <video
      ref={video} onLoadedMetadata={look} onResize={look} class={visible ? 'shown' : 'aside'} preload="auto" playsInline tabIndex={-1} disablePictureInPicture
      aria-label={t('picture.of', { name })} data-test={visible ? `review-video-${role}` : undefined} data-recording-id={part.recordingId}
    />
    {visible && soundOnly.value ? (
      <div class="frame-cover sound-only" data-test={`sound-only-${role}`}>
        <Icon name="sound" />
        <strong>{t('picture.sound_only')}</strong>
      </div>
    ) : null}
    </>
  );
}

function Absence({ shown, lane, onSkip }: { shown: Exclude<Shown, { kind: 'picture' }>; lane: Lane; onSkip: (wallMs: number) => void }) {
  const { untilMs } = shown;
  const never = lane.parts.length === 0;
  return (
    <div class={shown.kind === 'gap' ? 'frame-cover gap' : 'frame-cover'} data-test={shown.kind === 'gap' ? `gap-${lane.role}` : `absent-${lane.role}`}>
      {shown.kind === 'gap' ? (
        <>
          <Icon name="linkOff" />
          <strong>{t('picture.gap', { cause: causeWords(shown.gap.cause) })}</strong>
          <p class="num">{t('picture.gap_span', { from: wallSeconds(shown.gap.fromMs), to: wallSeconds(shown.gap.toMs), length: length(shown.gap.toMs - shown.gap.fromMs) })}</p>
        </>
      ) : (
        <>
          <Icon name="user" />
          <strong>{never ? t('picture.never') : t(`picture.${shown.when}`)}</strong>
        </>
      )}
      {untilMs !== null ? <Button size="small" onClick={() => onSkip(untilMs)} test={`skip-${lane.role}`}>{t('picture.skip')}</Button> : null}
    </div>
  );
}
