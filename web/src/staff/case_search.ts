/** A searched list of cases, page by page; knows no DOM. */
import { signal } from '@preact/signals';
import { get } from '../base/api';
import type { CaseSummary, Page } from '../base/protocol/case';
import type { CaseState, Reason } from '../base/protocol/words';

const PAGE_SIZE = 30;
const TYPING_PAUSE_MS = 220;

/** What of the inbox is shown, as a saved filter keeps it; `assignee` is `me`, `none` or somebody's id. */
export interface Narrowed {
  readonly q?: string;
  readonly state?: CaseState;
  readonly reason?: Reason;
  readonly warehouse?: string;
  readonly assignee?: string;
  readonly language?: string;
  readonly tag?: string;
  readonly overdue?: boolean;
  readonly waits_for_buyer?: boolean;
  readonly anomaly?: boolean;
  readonly snoozed?: boolean;
  readonly sort?: 'changed' | 'due';
}

export type ListStatus = 'loading' | 'ready' | 'more' | 'failed';

/** Without what asks for nothing: two filters that find the same are the same. */
export function tidy(wanted: Narrowed): Narrowed {
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== undefined && value !== '' && !(name === 'sort' && value === 'changed')).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export class CaseSearch {
  readonly words = signal('');
  /** All but the words. */
  readonly narrowed = signal<Narrowed>({});
  readonly recorded = signal(false);
  readonly items = signal<readonly CaseSummary[]>([]);
  readonly cursor = signal<string | null>(null);
  readonly status = signal<ListStatus>('loading');
  readonly failure = signal<unknown>(null);
  private pending: AbortController | null = null;
  private typing: ReturnType<typeof setTimeout> | undefined;

  /** `home` is what an empty search shows. */
  constructor(private readonly home: Narrowed = {}, recorded = false) {
    this.narrowed.value = home;
    this.recorded.value = recorded;
  }

  get changed(): boolean {
    return this.words.value.trim() !== '' || JSON.stringify(tidy(this.narrowed.value)) !== JSON.stringify(tidy(this.home));
  }

  /** Everything that is asked for, as a saved filter keeps it. */
  get wanted(): Narrowed {
    return tidy({ ...this.narrowed.value, q: this.words.value.trim() });
  }

  setWords(words: string): void {
    this.words.value = words;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => void this.load(), TYPING_PAUSE_MS);
  }

  /** Change a part of what is asked for; undefined asks for anything. */
  narrow(part: { readonly [Name in keyof Narrowed]?: Narrowed[Name] | undefined }): void {
    this.narrowed.value = tidy({ ...this.narrowed.value, ...part } as Narrowed);
    void this.load();
  }

  /** Ask for exactly this. */
  show(wanted: Narrowed): void {
    clearTimeout(this.typing);
    const { q = '', ...rest } = wanted;
    this.words.value = q;
    this.narrowed.value = rest;
    void this.load();
  }

  setRecorded(recorded: boolean): void {
    this.recorded.value = recorded;
    void this.load();
  }

  clear(): void {
    this.show(this.home);
  }

  /** The first page anew; `quietly` keeps what is shown until the answer is there. */
  async load(quietly = false): Promise<void> {
    this.pending?.abort();
    const asked = new AbortController();
    this.pending = asked;
    if (!quietly) this.status.value = 'loading';
    try {
      const limit = quietly ? Math.max(PAGE_SIZE, Math.min(100, this.items.value.length)) : PAGE_SIZE;
      const page = await get<Page<CaseSummary>>(this.path(null, limit), { signal: asked.signal });
      if (this.pending !== asked) return;
      this.items.value = page.items;
      this.cursor.value = page.next_cursor;
      this.status.value = 'ready';
      this.failure.value = null;
    } catch (error) {
      if (this.pending !== asked) return;
      this.failure.value = error;
      if (!quietly) this.status.value = 'failed';
    }
  }

  async more(): Promise<void> {
    const cursor = this.cursor.value;
    if (cursor === null || this.status.value === 'more') return;
    this.status.value = 'more';
    const asked = this.pending;
    try {
      const page = await get<Page<CaseSummary>>(this.path(cursor, PAGE_SIZE));
      // A newer search has taken the list meanwhile.
      if (this.pending !== asked) return;
      const known = new Set(this.items.value.map((item) => item.id));
      this.items.value = [...this.items.value, ...page.items.filter((item) => !known.has(item.id))];
      this.cursor.value = page.next_cursor;
      this.failure.value = null;
    } catch (error) {
      if (this.pending === asked) this.failure.value = error;
    }
    this.status.value = 'ready';
  }

  private path(cursor: string | null, limit: number): string {
    const query = new URLSearchParams({ limit: String(limit) });
    for (const [name, value] of Object.entries(this.wanted)) query.set(name, String(value));
    // People copy order numbers with their sign.
    const words = this.words.value.trim().replace(/^#/, '');
    if (words) query.set('q', words);
    if (this.recorded.value) query.set('recorded', 'true');
    if (cursor !== null) query.set('cursor', cursor);
    return `/api/v1/cases?${query}`;
  }
}
