/** The room between what stands above and below a picture: there the small pictures are clear of every word. */
import { useLayoutEffect, useRef } from 'preact/hooks';

const ABOVE = '.top';
const BELOW = '.bottom, .hands, .sound-prompts';
/** However much stands below, the small pictures stay on the stage. */
const MOST = 0.6;

/** For the stage: keeps its `--top` and `--low`, how far the words reach in from above and below. */
export function useRoom() {
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const stage = ref.current;
    if (!stage) return;
    const measure = () => {
      const all = stage.getBoundingClientRect();
      const above = stage.querySelector(ABOVE);
      if (above) stage.style.setProperty('--top', `${Math.round(above.getBoundingClientRect().bottom - all.top - parseFloat(getComputedStyle(above).paddingBottom))}px`);
      const low = [...stage.querySelectorAll(BELOW)].map((part) => part.getBoundingClientRect()).filter((box) => box.height > 0).map((box) => all.bottom - box.top);
      stage.style.setProperty('--low', `${Math.round(Math.min(Math.max(8, ...low), all.height * MOST))}px`);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(stage);
    for (const part of stage.querySelectorAll(`${ABOVE}, .foot, ${BELOW}`)) observer.observe(part);
    return () => observer.disconnect();
  }, []);
  return ref;
}
