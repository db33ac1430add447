/** What is held in a case and can still be taken back; knows no DOM. */
import { signal } from '@preact/signals';
import { call, get, post } from '../base/api';

export interface HeldAct {
  readonly id: string;
  readonly kind: 'message' | 'close';
  readonly state: 'held' | 'done' | 'taken_back' | 'failed';
  readonly by: string;
  readonly mine: boolean;
  readonly due_at: string;
  readonly message: { readonly text: string; readonly locale: string; readonly internal: boolean; readonly asks: boolean } | null;
  readonly failure: string | null;
}

export class Held {
  readonly items = signal<readonly HeldAct[]>([]);
  private round = 0;

  constructor(private readonly caseId: string) {}

  private get path(): string {
    return `/api/v1/cases/${encodeURIComponent(this.caseId)}/held`;
  }

  /** Ask what is held; a late or lost answer changes nothing. */
  async load(): Promise<void> {
    const round = (this.round += 1);
    try {
      const { items } = await get<{ items: HeldAct[] }>(this.path);
      if (round === this.round) this.items.value = items;
    } catch {
      // The next news ask again.
    }
  }

  /** Undo; the answer has the words. Throws ApiError: `too_late` once it is done. */
  async takeBack(id: string): Promise<HeldAct> {
    const back = await call<HeldAct>('DELETE', `${this.path}/${encodeURIComponent(id)}`);
    this.round += 1;
    this.items.value = this.items.peek().filter((one) => one.id !== id);
    return back;
  }

  /** Close the case in ten seconds. Throws ApiError. */
  async close(etag: string): Promise<void> {
    await post(`${this.path}/close`, {}, { headers: { 'If-Match': etag } });
    await this.load();
  }
}
