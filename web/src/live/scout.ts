/** Looks out for the network while it is away: small questions to the server, one after the other. */

const FIRST_LIMIT_MS = 1_000;
const LONGEST_LIMIT_MS = 3_000;
const PAUSE_MS = 300;

/**
 * Calls `onBack` each time the server can be reached after it could not; returns a function that ends it.
 * Each question has a short time of its own: one that was asked into an outage may wait for seconds
 * although the network is long back.
 */
export function scout(ask: (timeoutMs: number) => Promise<unknown>, onBack: () => void): () => void {
  let ended = false;
  const look = async () => {
    let limitMs = FIRST_LIMIT_MS;
    let away = false;
    while (!ended) {
      const askedMs = performance.now();
      try {
        await ask(limitMs);
        if (away && !ended) onBack();
        away = false;
        limitMs = FIRST_LIMIT_MS;
      } catch {
        away = true;
        // A slow line is not a dead one: it is given more time.
        limitMs = Math.min(limitMs * 1.5, LONGEST_LIMIT_MS);
      }
      const restMs = Math.max(PAUSE_MS, (away ? 500 : FIRST_LIMIT_MS) - (performance.now() - askedMs));
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  };
  void look();
  return () => (ended = true);
}
