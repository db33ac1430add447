/** When the check before a call runs, and what of it is worth a word to the person. */
import { signal } from '@preact/signals';
import type { Precheck } from '../base/protocol/connection';

/** `blocked`: no way for live video; `slow`: too little of it gets through to read a label by. */
export type NetworkHint = 'blocked' | 'slow';

/** Below this a picture is sharp only when it stands still. */
const SLOW_BPS = 150_000;
const AFTER_MS = 700;
const FRESH_MS = 600_000;

/** What the person should read, if anything helps them. */
export function hintOf(found: Precheck): NetworkHint | null {
  if (found.websocket === false) return 'blocked';
  if (found.udp === false && (found.relay === null || found.relay === 'none')) return 'blocked';
  return found.uplink_bps !== null && found.uplink_bps < SLOW_BPS ? 'slow' : null;
}

/** Runs in the background while a page waits for the tap, and is given up at the tap. */
export class PrecheckRun {
  readonly found = signal<Precheck | null>(null);
  private readonly base: string;
  private stop: AbortController | null = null;
  private atMs = -Infinity;

  constructor(base: string) {
    this.base = base;
  }

  /** Check soon, unless that was done a moment ago; `again` after the network has changed. */
  begin(again = false): void {
    if (this.stop || (!again && performance.now() - this.atMs < FRESH_MS)) return;
    const stop = (this.stop = new AbortController());
    setTimeout(() => void this.run(stop), AFTER_MS);
  }

  /** Leave the line to the call. */
  end(): void {
    this.stop?.abort();
    this.stop = null;
  }

  private async run(stop: AbortController): Promise<void> {
    if (stop.signal.aborted) return;
    try {
      const { precheck } = await import('./precheck');
      const found = await precheck(this.base, stop.signal);
      if (stop.signal.aborted) return;
      this.found.value = found;
    } catch {
      // A chunk that did not load says only what the next request will say better.
    }
    if (this.stop !== stop) return;
    this.stop = null;
    this.atMs = performance.now();
  }
}
