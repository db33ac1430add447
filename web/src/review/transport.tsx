/** Play, speed, frames, and the time of the frame shown. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Icon } from '../base/ui';
import { SPEEDS } from './play_clock';
import type { ReplayPlayer } from './player';
import { t } from './text';
import { localTime, position, wallDate, wallTime } from './time_words';

interface Props {
  player: ReplayPlayer;
  disabled: boolean;
  onHelp: () => void;
}

function Tool({ label, test, disabled, onClick, children, wide, pressed }: {
  label: string; test: string; disabled: boolean; onClick: () => void; children: ComponentChildren; wide?: boolean; pressed?: boolean;
}) {
  return (
    <button type="button" class={wide ? 'tool wide' : 'tool'} aria-label={label} aria-pressed={pressed} title={label} data-test={test} disabled={disabled} onClick={onClick}>
      {children}
    </button>
  );
}

function Glyph({ path }: { path: string }) {
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={path} /></svg>;
}

export function Transport({ player, disabled, onHelp }: Props) {
  const playing = player.playing.value;
  return (
    <div class="transport">
      <div class="tools" role="group" aria-label={t('play.position')}>
        <Tool label={t('play.back_10')} test="back-10" disabled={disabled} onClick={() => player.skip(-10_000)}><Glyph path="M12 6l-7 6 7 6M20 6l-7 6 7 6" /></Tool>
        <Tool label={t('play.frame_back')} test="step-back" disabled={disabled} onClick={() => void player.step(-1)}><Glyph path="M14 6l-7 6 7 6M18 6v12" /></Tool>
        <Tool label={t(playing ? 'play.pause' : 'play.play')} test="play" disabled={disabled} onClick={() => player.toggle()} wide>
          <Icon name={playing ? 'pause' : 'play'} /><span class="wide-only">{t(playing ? 'play.pause' : 'play.play')}</span>
        </Tool>
        <Tool label={t('play.frame_on')} test="step-forward" disabled={disabled} onClick={() => void player.step(1)}><Glyph path="M10 6l7 6-7 6M6 6v12" /></Tool>
        <Tool label={t('play.on_10')} test="on-10" disabled={disabled} onClick={() => player.skip(10_000)}><Glyph path="M12 6l7 6-7 6M4 6l7 6-7 6" /></Tool>
        <select
          class="tool speed" aria-label={t('play.speed')} data-test="speed" disabled={disabled} value={String(player.speed.value)}
          onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
        >
          {SPEEDS.map((speed) => <option key={speed} value={String(speed)} selected={speed === player.speed.value}>{t('play.speed_of', { speed })}</option>)}
        </select>
        <Position player={player} />
      </div>
      <WallClock player={player} />
      <div class="tools end">
        {player.held.value ? <span class="held" role="status"><span class="spinner" aria-hidden="true" />{t('play.held')}</span> : null}
        <Tool label={t('play.keys')} test="keys" disabled={false} onClick={onHelp}><Icon name="question" /></Tool>
      </div>
    </div>
  );
}

function Position({ player }: { player: ReplayPlayer }) {
  const words = useComputed(() => position(player.frameWallMs.value - player.startMs));
  return <span class="position num" data-test="position">{words} / {position(player.endMs - player.startMs)}</span>;
}

/** Date, milliseconds and zone of the frame shown; always there. */
function WallClock({ player }: { player: ReplayPlayer }) {
  const day = useComputed(() => wallDate(player.frameWallMs.value));
  const time = useComputed(() => wallTime(player.frameWallMs.value));
  const iso = useComputed(() => new Date(player.frameWallMs.value).toISOString());
  const wallMs = useComputed(() => String(Math.round(player.frameWallMs.value)));
  const local = useComputed(() => t('play.local', { time: localTime(player.frameWallMs.value) }));
  return (
    <div class="wall-clock">
      <time data-test="wall-clock" data-wall-ms={wallMs} datetime={iso} title={t('play.wall')}>
        <span class="wall-day">{day}</span> <span class="wall-time">{time}</span> <span class="wall-zone">UTC</span>
      </time>
      <span class="wall-local num">{local}</span>
    </div>
  );
}
