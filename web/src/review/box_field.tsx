/** A person's picture of the marked beginning, on which a region is drawn. */
import { useEffect, useRef } from 'preact/hooks';
import { t } from './text';

/** In shares of the picture. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Box = { left: 0, top: 0, width: 1, height: 1 };
const DRAW_EVERY_MS = 250;
const LEAST = 0.02;

interface Props {
  label: string;
  /** Which of the page's frames shows the person. */
  lane: number;
  box: Box | null;
  whole: boolean;
  onBox: (box: Box | null) => void;
}

export function BoxField({ label, lane, box, whole, onBox }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const begun = useRef<{ x: number; y: number } | null>(null);
  const shown = useRef<Box | null>(box);
  shown.current = box;
  const draw = (): void => {
    const video = document.querySelectorAll('.frames .frame')[lane]?.querySelector<HTMLVideoElement>('video.shown');
    const paper = canvas.current?.getContext('2d');
    if (!canvas.current || !paper || !video || video.videoWidth === 0) return;
    canvas.current.width = video.videoWidth;
    canvas.current.height = video.videoHeight;
    paper.drawImage(video, 0, 0);
    if (shown.current === null) return;
    const { width, height } = canvas.current;
    const { left, top, width: wide, height: high } = shown.current;
    paper.fillStyle = 'rgba(0, 0, 0, 0.75)';
    paper.fillRect(left * width, top * height, wide * width, high * height);
    paper.lineWidth = Math.max(2, width / 200);
    paper.strokeStyle = '#fff';
    paper.strokeRect(left * width, top * height, wide * width, high * height);
  };
  // The page behind is still on its way to the marked moment when this opens.
  useEffect(() => {
    const timer = setInterval(draw, DRAW_EVERY_MS);
    return () => clearInterval(timer);
  }, [lane]);
  useEffect(draw, [box]);
  const at = (event: PointerEvent): { x: number; y: number } => {
    const place = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = (value: number): number => Math.min(1, Math.max(0, value));
    return { x: share((event.clientX - place.left) / place.width), y: share((event.clientY - place.top) / place.height) };
  };
  const pull = (event: PointerEvent): void => {
    if (begun.current === null) return;
    const { x, y } = at(event);
    const from = begun.current;
    const drawn = { left: Math.min(x, from.x), top: Math.min(y, from.y), width: Math.abs(x - from.x), height: Math.abs(y - from.y) };
    onBox(drawn.width > LEAST && drawn.height > LEAST ? drawn : null);
  };
  return (
    <fieldset class="stack">
      <legend>{label}</legend>
      <canvas
        ref={canvas} class="box-field" role="img" aria-label={t('copy.draw')} data-test="box-field"
        onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); begun.current = at(event); onBox(null); }}
        onPointerMove={pull}
        onPointerUp={(event) => { pull(event); begun.current = null; }}
        onPointerCancel={() => { begun.current = null; }}
      />
      <p class="s quiet">{t('copy.draw')}</p>
      <label class="row"><input type="checkbox" checked={whole} data-test="box-whole" onChange={(event) => onBox(event.currentTarget.checked ? WHOLE : null)} /><span>{t('copy.whole')}</span></label>
    </fieldset>
  );
}
