/** What the device tells a call: the network is back, the page is looked at again, the screen must stay on. */
import type { Call } from './call';

/** Returns a function that stops listening. */
export function keepAwake(call: Call): () => void {
  let lock: WakeLockSentinel | null = null;
  let stopped = false;
  const hold = async () => {
    if (stopped || document.visibilityState !== 'visible') return;
    try {
      lock = await navigator.wakeLock?.request('screen');
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
  window.addEventListener('online', back);
  document.addEventListener('visibilitychange', looked);
  network?.addEventListener?.('change', changed);
  void hold();
  return () => {
    stopped = true;
    window.removeEventListener('online', back);
    document.removeEventListener('visibilitychange', looked);
    network?.removeEventListener?.('change', changed);
    void lock?.release().catch(() => undefined);
  };
}
