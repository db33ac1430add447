/** Asks again at the right moments: after a hint from the server, on return to the page, and slowly otherwise. */
import { signal } from '@preact/signals';
import type { Heard } from './presence';

const SLOW_MS = 45_000;
const WITHOUT_HINTS_MS = 12_000;

export type Listener = () => void;

/** `typing` says who is writing; null: something is new in the thread. */
export type ThreadListener = (caseId: string, typing: string | null) => void;

export interface PresenceListener {
  /** The connection stands, for the first time or again. */
  readonly connected: () => void;
  readonly heard: (said: Heard) => void;
}

/** Hints come through; without them the page asks more often. */
export const hinted = signal(false);
const listeners = new Set<Listener>();
const threadListeners = new Set<ThreadListener>();
const presenceListeners = new Set<PresenceListener>();
let started = false;
let emit: ((body: object) => void) | null = null;

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
  emit = (body) => { if (socket.connected) socket.emit('case.watch', body); };
  socket.on('connect', () => {
    hinted.value = true;
    tell();
    for (const listener of presenceListeners) listener.connected();
  });
  socket.on('disconnect', () => { hinted.value = false; });
  socket.on('desk', tell);
  socket.on('thread', (said: { case_id: string }) => { for (const listener of threadListeners) listener(said.case_id, null); });
  socket.on('thread.typing', (said: { case_id: string; role: string }) => { for (const listener of threadListeners) listener(said.case_id, said.role); });
  socket.on('case.presence', (said: Heard) => { for (const listener of presenceListeners) listener.heard(said); });
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

/** Call back about who looks at cases, at once if the connection stands already. */
export function onPresence(listener: PresenceListener): () => void {
  presenceListeners.add(listener);
  if (hinted.peek()) listener.connected();
  return () => presenceListeners.delete(listener);
}

/** Tell the others what this page shows; without a connection it is not told. */
export function sayPresence(body: object): void {
  emit?.(body);
}
