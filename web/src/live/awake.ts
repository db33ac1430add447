/** What the device tells a call: the network is back, the page is looked at again, the screen must stay on. */
import type { Call } from './call';

/** What Safari has of the Audio Session API. */
type AudioSession = EventTarget & { readonly state: 'inactive' | 'active' | 'interrupted' };

/** Returns a function that stops listening. */
export function keepAwake(call: Call): () => void {
  let lock: WakeLockSentinel | null = null;
  let stopped = false;
  const hold = async () => {
    if (stopped || document.visibilityState !== 'visible' || (lock && !lock.released)) return;
    try {
      lock = (await navigator.wakeLock?.request('screen')) ?? null;
      if (stopped) await lock?.release();
    } catch {
      // Low battery or an old browser: the screen may dim, the call goes on.
    }
  };
  const back = () => {
    call.session.peek()?.nudge();
    call.connection.nudge();
  };
  // Chromium says when the kind of network changes; the others only when all of it is gone.
  const network = (navigator as Navigator & { connection?: EventTarget }).connection;
  const changed = () => call.connection.nudge();
  const looked = () => {
    if (document.visibilityState !== 'visible') return;
    void hold();
    void call.media.wake();
    back();
  };
  // Safari on a phone says so when a telephone call has taken the sound, and when it is given back.
  const audioSession = (navigator as { audioSession?: AudioSession }).audioSession;
  const sounded = () => {
    if (audioSession?.state === 'active') void call.media.wake();
  };
  audioSession?.addEventListener('statechange', sounded);
  window.addEventListener('online', back);
  document.addEventListener('visibilitychange', looked);
  network?.addEventListener?.('change', changed);
  void hold();
  return () => {
    stopped = true;
    audioSession?.removeEventListener('statechange', sounded);
    window.removeEventListener('online', back);
    document.removeEventListener('visibilitychange', looked);
    network?.removeEventListener?.('change', changed);
    void lock?.release().catch(() => undefined);
  };
}
