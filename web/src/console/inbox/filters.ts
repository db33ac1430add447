/** The inbox's views and saved filters with their counts; knows no DOM. */
import { signal } from '@preact/signals';
import { call, get, post } from '../../base/api';
import { tidy, type Narrowed } from '../../staff/case_search';

export interface BuiltIn {
  readonly name: ViewName;
  readonly wanted: Narrowed;
  readonly count: number;
}

export const VIEW_NAMES = ['all', 'mine', 'unassigned', 'overdue', 'waits_for_buyer', 'anomaly', 'snoozed'] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

export interface SavedFilter {
  readonly id: string;
  readonly name: string;
  readonly shared: boolean;
  readonly mine: boolean;
  readonly editable: boolean;
  readonly wanted: Narrowed;
  readonly count: number;
}

/** What the inbox shows before anything is known of the server. */
export const HOME: Narrowed = { snoozed: false };
/** From here on a count says "or more". */
export const COUNTED_TO = 1000;
const AGAIN_AFTER_MS = 3_000;

export function sameFilter(one: Narrowed, other: Narrowed): boolean {
  return JSON.stringify(tidy(one)) === JSON.stringify(tidy(other));
}

export class Filters {
  readonly views = signal<readonly BuiltIn[]>([]);
  readonly saved = signal<readonly SavedFilter[]>([]);
  readonly failed = signal(false);
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** Ask for all of them with fresh counts; what is shown stays when that fails. */
  async load(): Promise<void> {
    try {
      const { views, items } = await get<{ views: BuiltIn[]; items: SavedFilter[] }>('/api/v1/filters');
      this.views.value = views;
      this.saved.value = items;
      this.failed.value = false;
    } catch {
      this.failed.value = true;
    }
  }

  /** Ask again, but not with every hint of a busy desk: counting costs the server more than a page of the list. */
  soon(): void {
    this.waiting ??= setTimeout(() => {
      this.waiting = undefined;
      void this.load();
    }, AGAIN_AFTER_MS);
  }

  /** Throws ApiError. */
  async save(name: string, shared: boolean, wanted: Narrowed): Promise<void> {
    await post('/api/v1/filters', { name, shared, wanted });
    await this.load();
  }

  /** Forget it; saving the same again is the way back. Throws ApiError. */
  async forget(filter: SavedFilter): Promise<void> {
    await call('DELETE', `/api/v1/filters/${encodeURIComponent(filter.id)}`);
    await this.load();
  }
}
