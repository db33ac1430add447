/** When nobody is at the desk: a time instead. Fetched only then. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Visit } from './visit';

const AGAIN_MS = 3_000;
const part = signal<typeof import('./appointment') | null>(null);

export function AppointmentLater({ visit }: { visit: Visit }) {
  useEffect(() => {
    if (part.peek()) return;
    let timer: ReturnType<typeof setTimeout>;
    const load = () => void import('./appointment').then((loaded) => (part.value = loaded), () => (timer = setTimeout(load, AGAIN_MS)));
    load();
    return () => clearTimeout(timer);
  }, []);
  const loaded = part.value;
  return loaded ? <loaded.AppointmentCard path={`/api/join/${encodeURIComponent(visit.token)}/appointment`} /> : null;
}
