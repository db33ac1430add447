/** When to try again after losing something: pure, the caller brings the randomness. */

/** The waits before each try, in ms: at once first, then longer and longer, the last repeated. */
export const RETRY_WAITS_MS = [0, 500, 1000, 2000, 4000, 7000] as const;
/** How long a page keeps trying by itself. */
export const KEEP_TRYING_MS = 10 * 60_000;

/** The wait before try `attempt` (0 is the first), spread by ±20 % so that a crowd does not return as one. */
export function retryWaitMs(attempt: number, random: number): number {
  const wait = RETRY_WAITS_MS[Math.min(attempt, RETRY_WAITS_MS.length - 1)] ?? 7000;
  return Math.round(wait * (0.8 + 0.4 * random));
}
