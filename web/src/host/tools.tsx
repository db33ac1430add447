/** The row of tools under the picture, for gloves and for keys. */
import { useEffect } from 'preact/hooks';
import { Button, Dialog, Icon } from '../base/ui';
import { Tool } from '../call/tool';
import type { LocalMedia } from '../live/media';
import type { PushToTalk } from '../live/push_to_talk';
import { t } from './text';

export type ToolName = 'still' | 'marker' | 'finding' | 'write' | 'mute' | 'sound' | 'camera' | 'flip' | 'swap' | 'bench' | 'people' | 'release' | 'more' | 'end';

/** One letter each; they do nothing while somebody writes. */
const KEYS: Partial<Record<string, ToolName>> = {
  s: 'still',
  m: 'marker',
  f: 'finding',
  w: 'write',
  u: 'mute',
  h: 'sound',
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
export const DECIDING: ReadonlySet<ToolName> = new Set<ToolName>(['still', 'marker', 'finding', 'bench', 'release', 'end']);

export function Tools({ media, talk, unread, taking, bench, blocked, inCharge, company, onUse }: {
  media: LocalMedia;
  talk: PushToTalk;
  unread: number;
  taking: boolean;
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
      if (!tool || (tool === 'bench' && bench === null) || (tool === 'mute' && talk.on.peek()) || (!inCharge && DECIDING.has(tool))) return;
      event.preventDefault();
      onUse(tool);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
  const muted = media.muted.value || media.microphone.value !== 'on';
  return (
    <nav class="tools" aria-label={t('call.controls')}>
      <Tool icon="camera" label={t('host.still')} tone="primary" test="still" shortcut="s" disabled={taking || !inCharge} onPress={() => onUse('still')} />
      <Tool icon="flag" label={t('host.marker')} test="marker" shortcut="m" disabled={!inCharge} onPress={() => onUse('marker')} />
      <Tool icon="write" label={t('call.write')} test="write" shortcut="w" count={unread} countLabel={t('call.unread', { count: unread })} onPress={() => onUse('write')} />
      {talk.on.value ? null : <Tool icon={muted ? 'micOff' : 'mic'} label={t(muted ? 'call.unmute' : 'call.mute')} pressed={muted} test="mute" shortcut="u" onPress={() => onUse('mute')} />}
      <Tool icon="sound" label={t('call.sound')} test="sound" shortcut="h" onPress={() => onUse('sound')} />
      <Tool icon="swap" label={t('host.swap')} test="swap" shortcut="x" onPress={() => onUse('swap')} />
      {bench === null ? null : <Tool icon="bench" label={t('host.bench')} pressed={bench} test="bench-tool" shortcut="b" disabled={!inCharge} onPress={() => onUse('bench')} />}
      <Tool icon="users" label={t('host.people')} test="people" shortcut="p" count={company} countLabel={t('host.p_asks')} onPress={() => onUse('people')} />
      <Tool icon="more" label={t('host.more')} test="more" onPress={() => onUse('more')} />
      <Tool icon="hangUp" label={t('host.end')} tone="danger" test="end" shortcut="e" disabled={!inCharge} onPress={() => onUse('end')} />
    </nav>
  );
}

/** What is needed now and then: the row has room for a gloved thumb because this is not in it. */
export function MoreTools({ media, shows, inCharge, onUse, onClose }: { media: LocalMedia; shows: boolean; inCharge: boolean; onUse: (tool: ToolName) => void; onClose: () => void }) {
  const cameraOn = media.video.value !== null;
  const use = (tool: ToolName) => {
    onClose();
    onUse(tool);
  };
  return (
    <Dialog title={t('host.more')} sheet test="more-tools" onClose={onClose}>
      <div class="stack">
        <Button wide size="large" icon={cameraOn ? 'videoOff' : 'video'} test="camera" aria-keyshortcuts="c" onClick={() => use('camera')}>{t(cameraOn ? 'call.camera_off' : 'call.camera_on')}</Button>
        {shows || media.cameras.value > 1 ? <Button wide size="large" icon="flip" test="flip" disabled={!cameraOn} onClick={() => use('flip')}>{t('call.flip')}</Button> : null}
        <Button wide size="large" icon="release" test="release" aria-keyshortcuts="r" disabled={!inCharge} onClick={() => use('release')}>{t('host.release')}</Button>
      </div>
    </Dialog>
  );
}

/** The big button of who talks by holding; null for everybody else. */
export function HoldToTalk({ talk, media }: { talk: PushToTalk; media: LocalMedia }) {
  return talk.on.value && media.microphone.value === 'on' ? <TalkButton talk={talk} /> : null;
}

/** Held by a thumb, a glove or the space bar; whatever takes the hold away ends it. */
function TalkButton({ talk }: { talk: PushToTalk }) {
  useEffect(() => {
    const isSpace = (event: KeyboardEvent) => event.code === 'Space' && !isWriting(event.target) && !document.querySelector('dialog[open]');
    const down = (event: KeyboardEvent) => {
      if (!isSpace(event)) return;
      // The focused tool must not take it for a click.
      event.preventDefault();
      if (!event.repeat) talk.press();
    };
    const up = (event: KeyboardEvent) => {
      if (event.code !== 'Space') return;
      if (isSpace(event)) event.preventDefault();
      talk.release();
    };
    const end = () => talk.release();
    const hidden = () => {
      if (document.visibilityState !== 'visible') talk.release();
    };
    window.addEventListener('keydown', down, true);
    window.addEventListener('keyup', up, true);
    window.addEventListener('blur', end);
    document.addEventListener('visibilitychange', hidden);
    return () => {
      window.removeEventListener('keydown', down, true);
      window.removeEventListener('keyup', up, true);
      window.removeEventListener('blur', end);
      document.removeEventListener('visibilitychange', hidden);
      talk.release();
    };
  }, [talk]);
  const talking = talk.talking.value;
  return (
    <button
      type="button"
      class={talking ? 'tool talk on' : 'tool talk'}
      aria-pressed={talking}
      aria-keyshortcuts="Space"
      data-test="talk"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        talk.press();
      }}
      onPointerUp={() => talk.release()}
      onPointerCancel={() => talk.release()}
      onLostPointerCapture={() => talk.release()}
      onContextMenu={(event) => event.preventDefault()}
    >
      <Icon name={talking ? 'mic' : 'micOff'} />
      <span>{t(talking ? 'host.talking' : 'host.hold_to_talk')}</span>
    </button>
  );
}
