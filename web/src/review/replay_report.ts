/** What a person watches, told to the server in small batches for the access log. */
import { effect } from '@preact/signals';
import { newClientId } from '../base/api';
import type { ReplayPlayer } from './player';
import { grown, type Watched } from './watched';

const EVERY_MS = 60_000;
const AFTER_PAUSE_MS = 4_000;
const MOST_SPANS = 100;

/** Reports to `path` until the answer is called; what could not be told is told with the next batch. */
export function reportReplay(player: ReplayPlayer, path: string): () => void {
  let watched: Watched = { spans: [], open: false };
  let batch: { id: string; count: number } | null = null;
  let sending = false;
  let soon: ReturnType<typeof setTimeout> | undefined;

  const send = async (): Promise<void> => {
    if (sending || watched.spans.length === 0) return;
    sending = true;
    // A batch that is tried again is the same one: the server writes it down once.
    batch ??= { id: newClientId(), count: Math.min(watched.spans.length, MOST_SPANS) };
    const told = watched.spans.slice(0, batch.count);
    const count = batch.count;
    if (count === watched.spans.length) watched = { ...watched, open: false };
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Proofcall': '1' },
        credentials: 'same-origin',
        keepalive: true,
        body: JSON.stringify({ client_id: batch.id, spans: told.map(([from, to]) => ({ from_ms: Math.round(from), to_ms: Math.round(to) })) }),
      });
      // Refused for good is not tried again; a busy server is.
      if (response.ok || (response.status < 500 && response.status !== 429)) {
        watched = { ...watched, spans: watched.spans.slice(count) };
        batch = null;
      }
    } catch {
      // The next batch tells it.
    } finally {
      sending = false;
    }
  };
  const sendAway = (): void => { if (document.visibilityState === 'hidden') void send(); };
  const stop = effect(() => {
    const wallMs = player.wallMs.value;
    const playing = player.playing.value;
    watched = grown(watched, wallMs, playing);
    clearTimeout(soon);
    if (playing) return;
    soon = setTimeout(() => void send(), AFTER_PAUSE_MS);
  });
  const timer = setInterval(() => void send(), EVERY_MS);
  document.addEventListener('visibilitychange', sendAway);
  addEventListener('pagehide', sendAway);
  return () => {
    stop();
    clearInterval(timer);
    clearTimeout(soon);
    document.removeEventListener('visibilitychange', sendAway);
    removeEventListener('pagehide', sendAway);
    void send();
  };
}
