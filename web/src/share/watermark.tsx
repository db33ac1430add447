/** Whose look this is, tiled over the pictures: it moves, and without it nothing is shown. */
import { useEffect, useRef } from 'preact/hooks';

const EVERY_MS = 1_000;
const BETWEEN_PX = 70;
const ROW_PX = 150;
const LINE_PX = 22;
const TURNED = -0.42;

function draw(canvas: HTMLCanvasElement, lines: readonly string[], beat: number): void {
  const scale = Math.min(devicePixelRatio || 1, 2);
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '600 15px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.lineWidth = 3;
  pen.strokeStyle = 'rgba(0, 0, 0, .28)';
  pen.fillStyle = 'rgba(255, 255, 255, .34)';
  pen.translate(width / 2, height / 2);
  pen.rotate(TURNED);
  const tile = BETWEEN_PX + Math.max(...lines.map((line) => pen.measureText(line).width));
  const reach = Math.hypot(width, height) / 2 + tile;
  const shift = (beat * 17) % tile;
  for (let y = -reach; y < reach; y += ROW_PX) {
    const odd = Math.round((y + reach) / ROW_PX) % 2;
    for (let x = -reach + shift + (odd * tile) / 2; x < reach; x += tile) {
      lines.forEach((line, i) => {
        pen.strokeText(line, x, y + i * LINE_PX);
        pen.fillText(line, x, y + i * LINE_PX);
      });
    }
  }
}

function isSeen(canvas: HTMLCanvasElement): boolean {
  if (!canvas.isConnected) return false;
  const style = getComputedStyle(canvas);
  const over = canvas.parentElement;
  return style.display !== 'none' && style.visibility === 'visible' && Number(style.opacity) === 1 && style.position === 'absolute'
    && over !== null && canvas.clientWidth >= over.clientWidth && canvas.clientHeight >= over.clientHeight;
}

/** Lies over its parent; `onBare` is called when somebody takes it away. */
export function Watermark({ viewer, shareId, onBare }: { viewer: string; shareId: string; onBare: (bare: boolean) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const mine = canvas.current;
    if (mine === null) return undefined;
    let beat = 0;
    const look = (): void => {
      beat += 1;
      const time = `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
      draw(mine, [viewer, time, shareId], beat);
      onBare(!isSeen(mine));
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    const measure = new ResizeObserver(look);
    measure.observe(mine);
    const watch = new MutationObserver(() => onBare(!isSeen(mine)));
    if (mine.parentElement) watch.observe(mine.parentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['style', 'class', 'hidden'] });
    return () => {
      clearInterval(timer);
      measure.disconnect();
      watch.disconnect();
    };
  }, [viewer, shareId]);
  return <canvas ref={canvas} class="watermark" aria-hidden="true" data-test="watermark" />;
}
