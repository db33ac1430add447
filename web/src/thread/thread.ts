/** A case's thread as a page holds it: pages put together, sends that can be repeated, read marks. */
import { computed, signal } from '@preact/signals';
import { ApiError, get, newClientId, post } from '../base/api';

export interface ThreadMessage {
  readonly id: string;
  readonly at: string;
  readonly author: { readonly role: string; readonly name: string; readonly mine: boolean };
  readonly text: string | null;
  readonly locale: string | null;
  readonly translations: readonly { readonly locale: string; readonly text: string }[];
  readonly attachments: readonly string[];
  /** Files that came by mail and were not taken. */
  readonly refused: readonly { readonly name: string; readonly reason: 'type' | 'broken' | 'two_in_one' | 'too_large' | 'too_many' }[];
  readonly internal: boolean;
  readonly session_id: string | null;
  readonly client_id: string | null;
}

export interface ThreadView {
  readonly messages: readonly ThreadMessage[];
  readonly earlier: string | null;
  readonly reads: readonly { readonly role: string; readonly name: string; readonly read_to: string }[];
  readonly unread: number;
}

export interface Draft {
  readonly text: string;
  readonly locale: string;
  readonly internal?: boolean;
  readonly anyway?: boolean;
  /** Deadlines stand still until the buyer answers. */
  readonly asks?: boolean;
}

/** What is known and a newer page of it: the page wins, and what is older than the page stays. */
export function joined(known: readonly ThreadMessage[], page: readonly ThreadMessage[]): ThreadMessage[] {
  const first = page[0];
  if (!first) return [...known];
  const fresh = new Set(page.map((one) => one.id));
  const at = Date.parse(first.at);
  return [...known.filter((one) => !fresh.has(one.id) && Date.parse(one.at) <= at), ...page];
}

const TYPING_EVERY_MS = 4_000;

export class Thread {
  readonly messages = signal<readonly ThreadMessage[] | null>(null);
  readonly earlier = signal<string | null>(null);
  readonly reads = signal<ThreadView['reads']>([]);
  readonly unread = signal(0);
  readonly failed = signal(false);
  /** Until when, in ms of this page's clock, the other side is said to be writing. */
  readonly typingUntil = signal(0);
  /** The newest of mine that the buyer, or for the buyer anybody of the seller, has read. */
  readonly seen = computed(() => {
    const others = this.reads.value.filter((one) => (this.side === 'buyer' ? one.role !== 'buyer' : one.role === 'buyer'));
    const readTo = Math.max(0, ...others.map((one) => Date.parse(one.read_to)));
    return [...(this.messages.value ?? [])].reverse().find((one) => one.author.mine && !one.internal && Date.parse(one.at) <= readTo)?.id ?? null;
  });
  private round = 0;
  private typedMs = 0;
  private sending: { words: string; clientId: string } | null = null;

  constructor(private readonly path: string, private readonly sendPath: string, readonly side: 'buyer' | 'staff') {}

  /** Ask for the newest page; a late answer never undoes a newer one. */
  async load(): Promise<void> {
    await this.take(() => get<ThreadView>(this.path));
  }

  /** The buyer's first look: it binds the link to this browser. */
  async enter(): Promise<void> {
    await this.take(() => post<ThreadView>(this.path));
  }

  async loadEarlier(): Promise<void> {
    const before = this.earlier.peek();
    if (before === null) return;
    const page = await get<ThreadView>(`${this.path}?before=${encodeURIComponent(before)}`);
    this.messages.value = [...page.messages, ...(this.messages.peek() ?? [])];
    this.earlier.value = page.earlier;
  }

  /** Send; a repeat of the same words after a failure is the same message to the server. Throws ApiError. */
  async send(draft: Draft): Promise<void> {
    const words = JSON.stringify([draft.text, draft.internal ?? false]);
    if (this.sending?.words !== words) this.sending = { words, clientId: newClientId() };
    await post(this.sendPath, { ...draft, client_id: this.sending.clientId });
    this.sending = null;
    await this.load();
  }

  /** Told to the other side at most every few seconds; whether it arrives does not matter. */
  typing(): void {
    if (Date.now() - this.typedMs < TYPING_EVERY_MS) return;
    this.typedMs = Date.now();
    void post(`${this.path}/typing`).catch(() => undefined);
  }

  private async take(ask: () => Promise<ThreadView>): Promise<void> {
    const round = (this.round += 1);
    try {
      const view = await ask();
      if (round !== this.round) return;
      const known = this.messages.peek();
      this.messages.value = joined(known ?? [], view.messages);
      // Pages that were fetched before stay; only the first look says what is before them.
      if (known === null || known.length === 0) this.earlier.value = view.earlier;
      this.reads.value = view.reads;
      this.unread.value = view.unread;
      this.failed.value = false;
      const last = view.messages[view.messages.length - 1];
      if (last && view.unread > 0 && document.visibilityState === 'visible') void post(`${this.path}/read`, { read_to: last.at }).catch(() => undefined);
    } catch (error) {
      if (round === this.round) this.failed.value = true;
      if (error instanceof ApiError && error.status === 409) throw error;
    }
  }
}
