/** A filing from the order to the entrance: what is typed survives a reload, a second tap files nothing. */
import { signal } from '@preact/signals';
import { ApiError, get, post, type CallOptions } from '../base/api';
import type { BuyerAnswer } from '../base/protocol/joining';
import type { CaseState, OfferWord, Outcome } from '../base/protocol/words';
import { locale, preferredLocale, setLocale } from '../base/text';
import type { ReasonChoices } from './offered';
import { Upload } from './upload';

export interface Line {
  title: string;
  picture: string | null;
  quantity: number;
  category: string | null;
}
interface Draft {
  order_number: string;
  order: { currency: string; buyer: { name: string; locale: string }; items: Line[] } | null;
  filed?: Filed | null;
}
/** How the filed case stands: the policy's answer, and how long somebody who joins now would wait. */
export interface Filed {
  state: CaseState;
  may_show: boolean;
  outcome: Outcome | null;
  answer: BuyerAnswer | null;
  photographs: number;
  photographs_only: boolean;
  hosts_ready: number;
  queue_length: number;
  expected_wait_s: number | null;
}
interface Typed {
  reason: string;
  words: string;
  name: string;
  title: string;
  lines: Record<number, number>;
}
interface Kept {
  secret: string;
  typed: Typed;
  joinPath: string | null;
}
export type Trouble = 'offline' | 'too_many' | 'failed' | 'need_reason' | 'link_expired' | 'link_forged';
export type Stage = 'loading' | 'no_shop' | 'unreachable' | 'find' | 'form' | 'filed';

const NOTHING: Typed = { reason: '', words: '', name: '', title: '', lines: {} };

export class Visit {
  readonly stage = signal<Stage>('loading');
  readonly shop = signal('');
  readonly reasons = signal<ReasonChoices>({});
  readonly draft = signal<Draft | null>(null);
  readonly typed = signal<Typed>(NOTHING);
  readonly uploads = signal<Upload[]>([]);
  readonly busy = signal(false);
  readonly trouble = signal<Trouble | null>(null);
  readonly filed = signal<Filed | null>(null);
  readonly joinPath = signal<string | null>(null);
  private secret = '';

  constructor(readonly slug: string, private readonly token: string | null) {}

  get framed(): boolean {
    return window.parent !== window;
  }

  async begin(): Promise<void> {
    this.stage.value = 'loading';
    try {
      await this.readShop();
      if (await this.goOn()) return;
      this.stage.value = 'find';
      if (this.token) await this.find({ token: this.token });
    } catch (error) {
      this.stage.value = error instanceof ApiError && error.status === 404 ? 'no_shop' : 'unreachable';
    }
  }

  /** Begin a draft; what is wrong with it is shown where one may try again. */
  async find(want: { token: string } | { order_number: string; email: string }): Promise<void> {
    await this.attempt(async () => {
      const path = `/api/filing/sellers/${encodeURIComponent(this.slug)}/drafts`;
      const found = await post<Draft & { secret: string }>(path, want);
      this.secret = found.secret;
      this.show(found);
      const only = found.order?.items.length === 1;
      this.type(only ? { lines: { 0: 1 } } : {});
      if (found.order) await setLocale(preferredLocale(found.order.buyer.locale)).catch(() => undefined);
    });
  }

  type(change: Partial<Typed>): void {
    this.typed.value = { ...this.typed.peek(), ...change };
    this.keep();
  }

  attach(files: FileList | null): void {
    const made = Array.from(files ?? []).slice(0, 12 - this.uploads.peek().length).map((file) => new Upload(file, this.secret));
    this.uploads.value = [...this.uploads.peek(), ...made];
  }

  detach(upload: Upload): void {
    upload.remove();
    this.uploads.value = this.uploads.peek().filter((other) => other !== upload);
  }

  async file(): Promise<void> {
    await this.attempt(async () => {
      const { reason, words, name, title, lines } = this.typed.peek();
      const known = this.draft.peek()?.order !== null;
      const body = {
        lines: known ? Object.entries(lines).filter(([, count]) => count > 0).map(([index, quantity]) => ({ index: Number(index), quantity })) : [],
        ...(known ? {} : { name, title }),
        locale: locale.peek(),
        claim: { reason, words, locale: locale.peek() },
        // Inside another site's page this browser would not keep the cookie: the call binds it then.
        bind: !this.framed,
      };
      const filed = await post<Filed & { join_path: string }>('/api/filing/draft/file', body, this.mine({ timeoutMs: 20_000 }));
      this.joinPath.value = filed.join_path;
      this.filed.value = filed;
      this.keep();
      this.stage.value = 'filed';
    });
  }

  /** The buyer's word on an offer; false when that did not get through. */
  async answerOffer(word: OfferWord): Promise<boolean> {
    try {
      this.filed.value = await post<Filed>('/api/filing/draft/offer', { word }, this.mine());
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) await this.look();
      return false;
    }
  }

  /** Leave it at the photographs: a person answers by them. */
  async leaveAtPhotographs(): Promise<void> {
    await this.attempt(async () => {
      this.filed.value = await post<Filed>('/api/filing/draft/photographs', {}, this.mine());
    });
  }

  /** How the case stands now; what cannot be asked is shown as it was. */
  async look(): Promise<void> {
    const found = await get<Draft>('/api/filing/draft', this.mine()).catch(() => null);
    if (found?.filed) this.filed.value = found.filed;
  }

  again(): void {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Nothing was kept, then.
    }
    this.typed.value = NOTHING;
    this.uploads.value = [];
    this.stage.value = 'find';
  }

  private async readShop(): Promise<void> {
    const seller = await get<{ name: string; locale: string; reasons: ReasonChoices }>(`/api/filing/sellers/${encodeURIComponent(this.slug)}`);
    this.shop.value = seller.name;
    this.reasons.value = seller.reasons;
  }

  private async goOn(): Promise<boolean> {
    const kept = this.kept();
    if (!kept) return false;
    this.secret = kept.secret;
    try {
      const found = await get<Draft>('/api/filing/draft', this.mine());
      this.typed.value = { ...NOTHING, ...kept.typed };
      this.joinPath.value = kept.joinPath;
      if (found.filed && !kept.joinPath) {
        // Filed, but the answer was lost: filing again is told the same.
        this.draft.value = found;
        await this.file();
        return this.stage.peek() === 'filed';
      }
      this.show(found);
      this.filed.value = found.filed ?? null;
      if (found.filed) this.stage.value = 'filed';
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.passing) throw error;
      return false;
    }
  }

  private show(found: Draft): void {
    this.draft.value = found;
    this.stage.value = 'form';
  }

  private mine(options: CallOptions = {}): CallOptions {
    return { ...options, headers: { 'X-Filing': this.secret } };
  }

  private get key(): string {
    return `proofcall.return.${this.slug}`;
  }

  private kept(): Kept | null {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? 'null') as Kept | null;
    } catch {
      return null;
    }
  }

  private keep(): void {
    const kept: Kept = { secret: this.secret, typed: this.typed.peek(), joinPath: this.joinPath.peek() };
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // Without storage the form lasts as long as the page.
    }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.busy.peek()) return;
    this.busy.value = true;
    this.trouble.value = null;
    try {
      await work();
    } catch (error) {
      const code = error instanceof ApiError ? error.code : '';
      if (code === 'link_expired' || code === 'link_forged') this.trouble.value = code;
      else if (code === 'too_many_attempts') this.trouble.value = 'too_many';
      else if (code === 'reason_not_offered') this.trouble.value = 'need_reason';
      else this.trouble.value = error instanceof ApiError && error.status === 0 ? 'offline' : 'failed';
      // The shop has changed what it offers since this page was opened.
      if (code === 'reason_not_offered') await this.readShop().catch(() => undefined);
      if (code === 'draft_expired' || code === 'draft_unknown') this.again();
    } finally {
      this.busy.value = false;
    }
  }
}
