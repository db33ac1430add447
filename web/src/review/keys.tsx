/** The keyboard of the replay, and the list that explains it. */
import { useEffect } from 'preact/hooks';
import { Dialog } from '../base/ui';
import { neighbourMark, type Entry } from './entries';
import type { ReplayPlayer } from './player';
import { t } from './text';

export interface KeyActions {
  onHelp: () => void;
  onEnlarge: () => void;
  onMarkIn: () => void;
  onMarkOut: () => void;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

/** Does what a key says; false when the key means nothing here. */
export function pressed(event: KeyboardEvent, player: ReplayPlayer, entries: readonly Entry[], actions: KeyActions): boolean {
  const toMark = (kind: 'marker' | 'still_taken'): void => {
    const mark = neighbourMark(entries, kind, player.wallMs.peek(), event.shiftKey ? -1 : 1);
    if (mark !== null) player.seek(mark.wallMs);
  };
  switch (event.key) {
    case ' ': case 'k': case 'K': player.toggle(); return true;
    case ',': void player.step(-1); return true;
    case '.': void player.step(1); return true;
    case '<': player.changeSpeed(-1); return true;
    case '>': player.changeSpeed(1); return true;
    case 'ArrowLeft': player.skip(-1000); return true;
    case 'ArrowRight': player.skip(1000); return true;
    case 'j': case 'J': player.skip(-10_000); return true;
    case 'l': case 'L': player.skip(10_000); return true;
    case 'm': case 'M': toMark('marker'); return true;
    case 's': case 'S': toMark('still_taken'); return true;
    case 'f': case 'F': actions.onEnlarge(); return true;
    case 'i': case 'I': actions.onMarkIn(); return true;
    case 'o': case 'O': actions.onMarkOut(); return true;
    case 'Home': player.seek(player.startMs); return true;
    case 'End': player.seek(player.endMs); return true;
    case '?': actions.onHelp(); return true;
    default: return false;
  }
}

export function useKeys(player: ReplayPlayer, entries: readonly Entry[], actions: KeyActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (typing(event.target) || document.querySelector('dialog[open]')) return;
      // Space presses the button that the keyboard has reached; after a click it plays.
      const onButton = event.target instanceof Element && event.target.matches('button:focus-visible, a:focus-visible');
      if (event.key === ' ' && onButton) return;
      if (pressed(event, player, entries, actions)) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

const KEYS = [
  ['Space', 'keys.play'], ['K', 'keys.play'], [', .', 'keys.frame'], ['← →', 'keys.second'], ['J L', 'keys.ten'], ['M', 'keys.marker'],
  ['S', 'keys.still'], ['< >', 'keys.speed'], ['Home End', 'keys.ends'], ['I O', 'keys.part'], ['+ −', 'keys.zoom'], ['F', 'keys.enlarge'], ['?', 'keys.help'],
] as const;

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('play.keys')} onClose={onClose} test="key-help">
      <dl class="key-list">
        {KEYS.map(([keys, words]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
