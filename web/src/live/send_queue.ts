/** What this browser has said and the server has not yet confirmed: in order, nothing twice. Pure. */
import type { Acknowledgement, SendBodies } from '../base/protocol/session';

export type SendName = keyof SendBodies;

export interface Outgoing<Name extends SendName = SendName> {
  readonly name: Name;
  readonly client_id: string;
  readonly body: SendBodies[Name];
  readonly at: number;
  readonly tries: number;
  /** The server said no: a code, and nothing more is tried. */
  readonly refused: string | null;
}

/** Passing troubles; the same message is tried again. */
const PASSING = new Set(['busy', 'internal', 'unavailable', 'rate_limited']);
const MAX_TRIES = 6;
/** Said too much at once, as after a long outage: the rest has only to wait. */
const WAITING = 'too_fast';
/** An old word about camera or sound is not worth sending after a newer one. */
const LATEST_ONLY: ReadonlySet<SendName> = new Set<SendName>(['media.state', 'sound.ask', 'sound.answer']);

export class SendQueue {
  private items: Outgoing[] = [];

  get all(): readonly Outgoing[] {
    return this.items;
  }

  push<Name extends SendName>(name: Name, body: SendBodies[Name], clientId: string, nowMs: number): void {
    if (LATEST_ONLY.has(name)) this.items = this.items.filter((item) => item.name !== name);
    this.items = [...this.items, { name, client_id: clientId, body, at: nowMs, tries: 0, refused: null }];
  }

  /** The next to send, or null when all is said. */
  next(): Outgoing | null {
    return this.items.find((item) => item.refused === null) ?? null;
  }

  /** An acknowledgement came, or none in time (`null`). */
  settle(clientId: string, answer: Acknowledgement | null): void {
    this.items = this.items.flatMap((item) => {
      if (item.client_id !== clientId) return [item];
      if (answer?.ok) return [];
      const tries = item.tries + 1;
      // No answer is no reason to stop: the repeat is harmless and the connection will come back.
      if (answer === null || answer.code === WAITING) return [item];
      if (PASSING.has(answer.code) && tries < MAX_TRIES) return [{ ...item, tries }];
      return [{ ...item, tries, refused: answer.code }];
    });
  }

  /** The event itself has come back: it is in the log, whatever became of the acknowledgement. */
  seen(clientId: string | null): void {
    if (clientId) this.items = this.items.filter((item) => item.client_id !== clientId);
  }

  drop(clientId: string): void {
    this.items = this.items.filter((item) => item.client_id !== clientId);
  }

  /** Try a refused one again, as new. */
  again(clientId: string): void {
    this.items = this.items.map((item) => (item.client_id === clientId ? { ...item, tries: 0, refused: null } : item));
  }
}
