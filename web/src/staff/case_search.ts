/** A searched list of cases, page by page; knows no DOM. */
import { signal } from '@preact/signals';
import { get } from '../base/api';
import type { CaseState, CaseSummary, Page } from '../base/protocol';

const PAGE_SIZE = 30;
const TYPING_PAUSE_MS = 220;

/** What of the inbox is shown: everything by change, or by what is due first. */
export type CaseRange = '' | 'due' | 'mine' | 'overdue';

export type ListStatus = 'loading' | 'ready' | 'more' | 'failed';

export class CaseSearch {
  readonly words = signal('');
  readonly state = signal<CaseState | ''>('');
  readonly recorded = signal(false);
  readonly range = signal<CaseRange>('');
  readonly items = signal<readonly CaseSummary[]>([]);
  readonly cursor = signal<string | null>(null);
  readonly status = signal<ListStatus>('loading');
  readonly failure = signal<unknown>(null);
  private pending: AbortController | null = null;
  private typing: ReturnType<typeof setTimeout> | undefined;

  constructor(recorded = false) {
    this.recorded.value = recorded;
  }

  get narrowed(): boolean {
    return this.words.value.trim() !== '' || this.state.value !== '' || this.range.value !== '';
  }

  setWords(words: string): void {
    this.words.value = words;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => void this.load(), TYPING_PAUSE_MS);
  }

  setState(state: CaseState | ''): void {
    this.state.value = state;
    void this.load();
  }

  setRange(range: CaseRange): void {
    this.range.value = range;
    void this.load();
  }

  setRecorded(recorded: boolean): void {
    this.recorded.value = recorded;
    void this.load();
  }

  clear(): void {
    this.words.value = '';
    this.state.value = '';
    this.range.value = '';
    void this.load();
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
    // People copy order numbers with their sign.
    const words = this.words.value.trim().replace(/^#/, '');
    if (words) query.set('q', words);
    if (this.state.value) query.set('state', this.state.value);
    if (this.recorded.value) query.set('recorded', 'true');
    const range = this.range.value;
    if (range) query.set('sort', 'due');
    if (range === 'mine') query.set('assignee', 'me');
    if (range === 'overdue') query.set('due_before', new Date().toISOString());
    if (cursor !== null) query.set('cursor', cursor);
    return `/api/v1/cases?${query}`;
  }
}
