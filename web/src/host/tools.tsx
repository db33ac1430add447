/** The row of tools under the picture, for gloves and for keys. */
import { useEffect } from 'preact/hooks';
import { Tool } from '../call/tool';
import type { LocalMedia } from '../live/media';
import { t } from './text';

export type ToolName = 'still' | 'marker' | 'finding' | 'write' | 'mute' | 'camera' | 'flip' | 'swap' | 'bench' | 'people' | 'release' | 'end';

/** One letter each; they do nothing while somebody writes. */
const KEYS: Partial<Record<string, ToolName>> = {
  s: 'still',
  m: 'marker',
  f: 'finding',
  w: 'write',
  u: 'mute',
  c: 'camera',
  x: 'swap',
  b: 'bench',
  p: 'people',
  r: 'release',
  e: 'end',
};

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

/** What only the host in charge does. */
export const DECIDING: ReadonlySet<ToolName> = new Set<ToolName>(['still', 'marker', 'finding', 'release', 'end']);

export function Tools({ media, unread, taking, shows, bench, blocked, inCharge, company, onUse }: {
  media: LocalMedia;
  unread: number;
  taking: boolean;
  shows: boolean;
  /** Whether a bench camera is shown; null where the warehouse has none. */
  bench: boolean | null;
  blocked: boolean;
  /** Whether this host decides, or another still does. */
  inCharge: boolean;
  /** How many want to speak. */
  company: number;
  onUse: (tool: ToolName) => void;
}) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (blocked || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const tool = KEYS[event.key.toLowerCase()];
      if (!tool || (tool === 'bench' && bench === null) || (!inCharge && DECIDING.has(tool))) return;
      event.preventDefault();
      onUse(tool);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
  const cameraOn = media.video.value !== null;
  const muted = media.muted.value || media.microphone.value !== 'on';
  return (
    <nav class="tools" aria-label={t('call.controls')}>
      <Tool icon="camera" label={t('host.still')} tone="primary" test="still" shortcut="s" disabled={taking || !inCharge} onPress={() => onUse('still')} />
      <Tool icon="flag" label={t('host.marker')} test="marker" shortcut="m" disabled={!inCharge} onPress={() => onUse('marker')} />
      <Tool icon="write" label={t('call.write')} test="write" shortcut="w" count={unread} countLabel={t('call.unread', { count: unread })} onPress={() => onUse('write')} />
      <Tool icon={muted ? 'micOff' : 'mic'} label={t(muted ? 'call.unmute' : 'call.mute')} pressed={muted} test="mute" shortcut="u" onPress={() => onUse('mute')} />
      <Tool icon={cameraOn ? 'video' : 'videoOff'} label={t(cameraOn ? 'call.camera_off' : 'call.camera_on')} pressed={!cameraOn} test="camera" shortcut="c" onPress={() => onUse('camera')} />
      {shows || media.cameras.value > 1 ? <Tool icon="flip" label={t('call.flip')} test="flip" disabled={!cameraOn} onPress={() => onUse('flip')} /> : null}
      <Tool icon="swap" label={t('host.swap')} test="swap" shortcut="x" onPress={() => onUse('swap')} />
      {bench === null ? null : <Tool icon="bench" label={t('host.bench')} pressed={bench} test="bench-tool" shortcut="b" onPress={() => onUse('bench')} />}
      <Tool icon="users" label={t('host.people')} test="people" shortcut="p" count={company} countLabel={t('host.p_asks')} onPress={() => onUse('people')} />
      <Tool icon="release" label={t('host.release')} test="release" shortcut="r" disabled={!inCharge} onPress={() => onUse('release')} />
      <Tool icon="hangUp" label={t('host.end')} tone="danger" test="end" shortcut="e" disabled={!inCharge} onPress={() => onUse('end')} />
    </nav>
  );
}
