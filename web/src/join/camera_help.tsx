/** Notices camera trouble that lasts, and fetches the words that help. */
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LocalMedia } from '../live/media';

const TROUBLES = ['refused', 'missing', 'busy', 'lost', 'interrupted', 'unsupported'] as const;
export type CameraTroubleName = (typeof TROUBLES)[number];

/** Troubles that the page mends by itself more often than not: only a lasting one is worth a word. */
const PATIENCE_MS = 1_500;
const AGAIN_MS = 3_000;

const late = signal<typeof import('./camera_trouble') | null>(null);

/** Fetch the late part while `wanted`, again and again until it has come. */
function useLate(wanted: boolean) {
  useEffect(() => {
    if (!wanted || late.peek()) return;
    let timer: ReturnType<typeof setTimeout>;
    const load = () => void import('./camera_trouble').then((loaded) => (late.value = loaded), () => (timer = setTimeout(load, AGAIN_MS)));
    load();
    return () => clearTimeout(timer);
  }, [wanted]);
  return late.value;
}

/** `live`: the call is on already, and goes on without a camera. */
export function CameraHelp({ media, live }: { media: LocalMedia; live: boolean }) {
  const dismissed = useSignal<string | null>(null);
  const lasting = useSignal(false);
  const trouble = TROUBLES.find((name) => name === media.camera.value);
  useEffect(() => {
    lasting.value = trouble === 'refused' || trouble === 'unsupported';
    if (!trouble || lasting.value) return;
    const timer = setTimeout(() => (lasting.value = true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [trouble]);
  const loaded = useLate(trouble !== undefined);
  if (!trouble || !lasting.value || !loaded || dismissed.value === trouble) return null;
  return <loaded.CameraTrouble media={media} live={live} trouble={trouble} onDismiss={() => (dismissed.value = trouble)} onAgain={() => (dismissed.value = null)} />;
}

/** Before joining, in a browser that has no camera for pages: the way out of the app, while the link still knows no device. */
export function LeaveAppFirst() {
  const loaded = useLate(!navigator.mediaDevices);
  return loaded && !navigator.mediaDevices ? <loaded.LeaveApp /> : null;
}
