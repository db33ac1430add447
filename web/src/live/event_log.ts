/** The session log as this browser has it: in order, without holes, each event once. Pure. */
import type { SessionEvent } from '../base/protocol/session';

export class EventLog {
  /** Every event up to here is known, or is not for us to see. */
  private knownSeq: number;
  private readonly waiting = new Map<number, SessionEvent>();

  constructor(after = 0) {
    this.knownSeq = after;
  }

  /** Ask for what comes after this number when there is a hole. */
  get after(): number {
    return this.knownSeq;
  }

  get hasHole(): boolean {
    return this.waiting.size > 0;
  }

  /** One event has come; returns those that can be shown now, in order. */
  add(event: SessionEvent): SessionEvent[] {
    if (event.seq <= this.knownSeq) return [];
    this.waiting.set(event.seq, event);
    return this.release();
  }

  /** The answer to `events?after=after`: whatever it left out up to `lastSeq` is not for us. */
  fill(after: number, events: readonly SessionEvent[], lastSeq: number): SessionEvent[] {
    const fresh = events.filter((event) => event.seq > this.knownSeq);
    // A full page may stop short of lastSeq; only what it reached is settled.
    const reached = events.length >= PAGE_LIMIT ? (events[events.length - 1]?.seq ?? after) : lastSeq;
    const ready: SessionEvent[] = [];
    if (after <= this.knownSeq && reached > this.knownSeq) {
      for (const event of fresh) this.waiting.set(event.seq, event);
      const settled = [...this.waiting.keys()].filter((seq) => seq <= reached).sort((a, b) => a - b);
      for (const seq of settled) {
        const event = this.waiting.get(seq);
        if (event) ready.push(event);
        this.waiting.delete(seq);
      }
      this.knownSeq = reached;
    }
    return [...ready, ...this.release()];
  }

  private release(): SessionEvent[] {
    const ready: SessionEvent[] = [];
    for (;;) {
      const next = this.waiting.get(this.knownSeq + 1);
      if (!next) return ready;
      this.waiting.delete(next.seq);
      this.knownSeq = next.seq;
      ready.push(next);
    }
  }
}

/** `events?after=` answers at most this many. */
export const PAGE_LIMIT = 200;
