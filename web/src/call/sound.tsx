/** Where sound is looked after in a call: the questions over the picture and the sheet, loaded once the call is up. */
import { signal, useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../live/call';
import type { PushToTalk } from '../live/push_to_talk';
import type { LiveSession } from '../live/session';

type Parts = typeof import('./sound_parts');
const parts = signal<Parts | null>(null);

/** How long the call has the line for itself before anything more is loaded. */
const FIRST_THE_CALL_MS = 1_500;

/** `open` shows the sheet; `talk` is there for who may hold to talk. */
export function Sound({ call, session, open, talk }: { call: Call; session: LiveSession; open: Signal<boolean>; talk?: PushToTalk }) {
  const tries = useSignal(0);
  const wanted = open.value;
  useEffect(() => {
    if (parts.peek()) return;
    // A chunk that did not arrive is asked for again: by the next touch, or in a while.
    const load = () => void import('./sound_parts').then((loaded) => (parts.value = loaded), () => (tries.value += 1));
    const timer = setTimeout(load, wanted && tries.peek() === 0 ? 0 : FIRST_THE_CALL_MS * 2 ** Math.min(tries.peek(), 4));
    return () => clearTimeout(timer);
  }, [wanted, tries.value]);
  const loaded = parts.value;
  if (!loaded) return null;
  return (
    <>
      <loaded.SoundPrompts call={call} session={session} talk={talk} />
      {open.value ? <loaded.SoundSheet call={call} session={session} talk={talk} onClose={() => (open.value = false)} /> : null}
    </>
  );
}
