/** A shared inspection: its pictures under the viewer's mark, one clock, its photographs. */
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clockLength, dateAndTime } from '../base/time';
import { Button, Icon, LanguageSwitch } from '../base/ui';
import { te } from '../evidence/text';
import { lanesOf, leadOf } from '../review/lanes';
import { PictureFrame, roleWords } from '../review/picture_frame';
import { ReplayPlayer } from '../review/player';
import { reportReplay } from '../review/replay_report';
import { t } from '../review/text';
import { wallSeconds, wallTime } from '../review/time_words';
import type { Shared } from './visit';
import { Watermark } from './watermark';

const STEP_MS = 10_000;

function playerOf(shared: Shared): ReplayPlayer {
  const { timeline } = shared;
  const recordings = timeline.recordings.map((one) => ({ ...one, participant: { ...one.participant, name: roleWords(one.participant.role) } }));
  const lanes = lanesOf({ events: [], gaps: timeline.gaps, recordings });
  const first = Math.min(...recordings.map((one) => one.start_ms), timeline.end_ms);
  const begin = Math.max(timeline.start_ms, first);
  return new ReplayPlayer(lanes, begin, timeline.end_ms, leadOf(lanes, timeline.direction), begin);
}

export function Shown({ shared }: { shared: Shared }) {
  const stage = useRef<HTMLDivElement>(null);
  const player = useMemo(() => playerOf(shared), [shared.share_id]);
  const [large, setLarge] = useState<string | null>(null);
  const [bare, setBare] = useState(false);
  const [still, setStill] = useState<string | null>(null);
  const { timeline } = shared;
  useEffect(() => () => player.close(), [player]);
  useEffect(() => reportReplay(player, `/api/shared/${encodeURIComponent(shared.share_id)}/replays`), [player]);
  useEffect(() => {
    if (!bare) return;
    player.pause();
    setStill(null);
  }, [bare]);
  const fullScreen = (): void => {
    // The stage with the mark, never the video alone.
    if (document.fullscreenElement) void document.exitFullscreen();
    else void stage.current?.requestFullscreen();
  };
  const shownStill = timeline.stills.find((one) => one.still_id === still);
  return (
    <div class="shared" data-test="shared" onContextMenu={(event) => { if (!shared.may_download) event.preventDefault(); }}>
      <header class="row between wrap shared-head">
        <div>
          <h1>{te('share.title', { tenant: shared.tenant })}</h1>
          <p class="s quiet" data-test="shared-words">{te('share.who', { by: shared.shared_by, viewer: shared.viewer, until: dateAndTime(shared.expires_at) })}</p>
        </div>
        <LanguageSwitch />
      </header>
      <div ref={stage} class={bare ? 'shared-stage bare' : 'shared-stage'} data-test="stage">
        {timeline.recordings.length === 0 ? <p class="stage-note">{t('review.no_recording')}</p> : (
          <div class={large === null ? 'frames' : 'frames one-large'}>
            {player.lanes.map((lane) => {
              const id = lane.lane.peek().participantId;
              return <PictureFrame key={id} lane={lane} player={player} large={large === id} onEnlarge={setLarge} />;
            })}
          </div>
        )}
        {shownStill ? (
          <div class="shared-still" data-test="shared-still">
            <img src={shownStill.image} alt={t('still.open', { time: `${wallSeconds(shownStill.at_ms)} UTC` })} draggable={shared.may_download} />
            <Button size="small" icon="close" test="still-close" onClick={() => setStill(null)}>{t('base.close')}</Button>
          </div>
        ) : null}
        <Watermark viewer={shared.viewer} shareId={shared.share_id} onBare={setBare} />
        {bare ? <p class="stage-note bare-note" role="alert">{te('share.bare')}</p> : null}
        <Controls player={player} onFullScreen={fullScreen} />
      </div>
      {timeline.stills.length > 0 ? (
        <ul class="strip" aria-label={t('still.strip')} data-test="shared-stills">
          {timeline.stills.map((one) => (
            <li key={one.still_id}>
              <button type="button" aria-label={t('still.open', { time: `${wallSeconds(one.at_ms)} UTC` })} data-test={`still-${one.still_id}`} onClick={() => { player.pause(); setStill(one.still_id); stage.current?.scrollIntoView({ block: 'nearest' }); }}>
                <Icon name="camera" /><span class="num">{wallSeconds(one.at_ms)}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      <footer class="stack shared-foot">
        <p class="s quiet">{te(shared.may_download ? 'share.may_keep' : 'share.view_only')}</p>
        {shared.may_download ? timeline.recordings.map((one) => (
          <a key={one.recording_id} class="button" href={one.download} download data-test="shared-download"><Icon name="shield" />{te('share.download', { name: roleWords(one.participant.role) })}</a>
        )) : null}
      </footer>
    </div>
  );
}

function Controls({ player, onFullScreen }: { player: ReplayPlayer; onFullScreen: () => void }) {
  const playing = player.playing.value;
  const at = useComputed(() => String(Math.round(player.wallMs.value)));
  const words = useComputed(() => `${clockLength(player.wallMs.value - player.startMs)} / ${clockLength(player.endMs - player.startMs)}`);
  const wall = useComputed(() => `${wallTime(player.frameWallMs.value)} UTC`);
  return (
    <div class="shared-controls">
      <button type="button" class="tool" aria-label={t('play.back_10')} data-test="back-10" onClick={() => player.skip(-STEP_MS)}>−10</button>
      <button type="button" class="tool" aria-label={t(playing ? 'play.pause' : 'play.play')} data-test="play" onClick={() => player.toggle()}><Icon name={playing ? 'pause' : 'play'} /></button>
      <button type="button" class="tool" aria-label={t('play.on_10')} data-test="on-10" onClick={() => player.skip(STEP_MS)}>+10</button>
      <input type="range" class="shared-line" aria-label={t('play.position')} aria-valuetext={words} min={Math.round(player.startMs)} max={Math.round(player.endMs)} step={100} value={at} data-test="shared-line" onInput={(event) => player.seek(Number(event.currentTarget.value))} />
      <span class="num s" data-test="shared-position">{words}</span>
      <time class="num s shared-wall">{wall}</time>
      {document.fullscreenEnabled ? <button type="button" class="tool" aria-label={te('share.full_screen')} data-test="full-screen" onClick={onFullScreen}><Icon name="expand" /></button> : null}
    </div>
  );
}
