/** A text as a code to scan (QR). */
import { useEffect, useRef } from 'preact/hooks';
import { generate } from 'lean-qr';

export function CodePicture({ text, label, test }: { text: string; label: string; test: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    // Dark on light whatever the theme: scanners expect it.
    if (canvas.current) generate(text).toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 3 });
  }, [text]);
  return <canvas ref={canvas} class="code-picture" role="img" aria-label={label} data-test={test} />;
}
