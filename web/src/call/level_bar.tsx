/** A bar that moves with a track's sound. */
import { useEffect, useRef } from 'preact/hooks';
import { barOf } from '../live/speech';
import { meter } from './level_meter';

/** The bar is moved by hand: ten renders a second of a whole sheet would cost a phone's battery. */
export function LevelBar({ track, label, test }: { track: MediaStreamTrack | null; label: string; test: string }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (!element) return;
    const show = (share: number) => {
      element.style.setProperty('--level', share.toFixed(2));
      element.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    };
    show(0);
    if (!track) return;
    let shown = 0;
    // Falls slower than it rises, so that an eye can follow.
    return meter(track, (levelDb) => show((shown = Math.max(barOf(levelDb), shown * 0.7))));
  }, [track]);
  return <div ref={bar} class="level" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} data-test={test}><i /></div>;
}

/** One's own microphone even while muted: a copy that is listened to here and sent nowhere. */
export function useUnmutedCopy(track: MediaStreamTrack | null, use: (copy: MediaStreamTrack) => () => void, wanted: boolean): void {
  useEffect(() => {
    if (!track || !wanted) return;
    const copy = track.clone();
    copy.enabled = true;
    const stop = use(copy);
    return () => {
      stop();
      copy.stop();
    };
  }, [track, wanted]);
}
