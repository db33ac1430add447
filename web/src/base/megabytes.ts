/** A size as people read it: megabytes with one digit, never "0.0" of what is there. */
export const megabytes = (bytes: number | null): string => Math.max(0.1, (bytes ?? 0) / 1_000_000).toFixed(1);
