/** Asks again at the right moments: after a hint from the server, on return to the page, and slowly otherwise. */
import { signal } from '@preact/signals';

const SLOW_MS = 45_000;
const WITHOUT_HINTS_MS = 12_000;

export type Listener = () => void;

/** `typing` says who is writing; null: something is new in the thread. */
export type ThreadListener = (caseId: string, typing: string | null) => void;

/** Hints come through; without them the page asks more often. */
export const hinted = signal(false);
const listeners = new Set<Listener>();
const threadListeners = new Set<ThreadListener>();
let started = false;

function tell(): void {
  if (document.visibilityState === 'visible' && navigator.onLine) for (const listener of listeners) listener();
}

function schedule(): void {
  setTimeout(() => {
    tell();
    schedule();
  }, hinted.value ? SLOW_MS : WITHOUT_HINTS_MS);
}

async function listenToServer(): Promise<void> {
  const { io } = await import('socket.io-client');
  const socket = io({ transports: ['websocket'], auth: { desk: true }, reconnectionDelayMax: 30_000 });
  socket.on('connect', () => {
    hinted.value = true;
    tell();
  });
  socket.on('disconnect', () => { hinted.value = false; });
  socket.on('desk', tell);
  socket.on('thread', (said: { case_id: string }) => { for (const listener of threadListeners) listener(said.case_id, null); });
  socket.on('thread.typing', (said: { case_id: string; role: string }) => { for (const listener of threadListeners) listener(said.case_id, said.role); });
  socket.on('connect_error', () => {
    hinted.value = false;
    // The server refused this login: asking again would be refused again.
    if (socket.active === false) socket.close();
  });
}

/** Call back whenever something may be new; the answer stops it. */
export function onNews(listener: Listener): () => void {
  listeners.add(listener);
  if (!started) {
    started = true;
    schedule();
    addEventListener('online', tell);
    document.addEventListener('visibilitychange', tell);
    // A lost hint does no harm, and neither does a browser without the library.
    void listenToServer().catch(() => undefined);
  }
  return () => listeners.delete(listener);
}

/** Call back about threads; the hints come only while somebody also waits for news. */
export function onThread(listener: ThreadListener): () => void {
  threadListeners.add(listener);
  return () => threadListeners.delete(listener);
}
