/** One's own picture in a corner of the stage: dragged or moved by arrow keys, mirrored when it is the face. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { tb } from '../base/text';
import { Icon } from '../base/ui';
import type { LocalMedia } from '../live/media';
import { t } from './text';

export type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

/** The video alone, for where it fills a box. */
export function SelfVideo({ media, fit = 'cover', test = 'self-video', onElement }: { media: LocalMedia; fit?: 'cover' | 'contain'; test?: string; onElement?: (element: HTMLVideoElement | null) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const track = media.video.value;
  useEffect(() => {
    onElement?.(video.current);
    return () => onElement?.(null);
  }, []);
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = track ? new MediaStream([track]) : null;
    if (track) video.current.play().catch(() => undefined);
  }, [track]);
  return (
    <video ref={video} hidden={!track} playsInline autoPlay muted data-test={test} aria-label={tb('base.you')} class={media.facing.value === 'user' ? 'mirrored' : ''} style={{ objectFit: fit }} />
  );
}

export function SelfView({ media, first = 'top-right' }: { media: LocalMedia; first?: Corner }) {
  const corner = useSignal<Corner>(first);
  const drag = useSignal<{ x: number; y: number } | null>(null);
  const start = useRef({ x: 0, y: 0 });

  const move = (event: PointerEvent) => {
    if (drag.value) drag.value = { x: event.clientX - start.current.x, y: event.clientY - start.current.y };
  };
  const drop = (event: PointerEvent) => {
    const stage = (event.currentTarget as HTMLElement).parentElement?.getBoundingClientRect();
    if (!drag.value || !stage) return;
    const moved = Math.hypot(drag.value.x, drag.value.y) > 8;
    drag.value = null;
    if (!moved) return;
    const upper = event.clientY < stage.top + stage.height / 2;
    const left = event.clientX < stage.left + stage.width / 2;
    corner.value = `${upper ? 'top' : 'bottom'}-${left ? 'left' : 'right'}`;
  };
  const key = (event: KeyboardEvent) => {
    const [vertical, horizontal] = corner.value.split('-') as ['top' | 'bottom', 'left' | 'right'];
    const next: Partial<Record<string, Corner>> = {
      ArrowUp: `top-${horizontal}`,
      ArrowDown: `bottom-${horizontal}`,
      ArrowLeft: `${vertical}-left`,
      ArrowRight: `${vertical}-right`,
    };
    const wanted = next[event.key];
    if (!wanted) return;
    event.preventDefault();
    corner.value = wanted;
  };

  return (
    <button
      type="button"
      class={`self ${corner.value}`}
      aria-label={`${tb('base.you')}. ${t('call.move_self')}`}
      style={{ transform: drag.value ? `translate(${drag.value.x}px, ${drag.value.y}px)` : 'none' }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, y: event.clientY };
        drag.value = { x: 0, y: 0 };
      }}
      onPointerMove={move}
      onPointerUp={drop}
      onPointerCancel={() => (drag.value = null)}
      onKeyDown={key}
    >
      <SelfVideo media={media} />
      {media.video.value ? null : <Icon name="videoOff" />}
      <span class="self-name">
        {media.muted.value || media.microphone.value !== 'on' ? <Icon name="micOff" /> : null}
        {tb('base.you')}
      </span>
    </button>
  );
}
