/** What somebody has begun to write in a case, kept in their own browser until it is sent. */
const PREFIX = 'pc-draft:';
const KEPT_MS = 14 * 24 * 3_600_000;

export interface KeptDraft {
  readonly text: string;
  readonly language: string;
  readonly to: 'buyer' | 'ask' | 'staff';
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export class Drafts {
  constructor(private readonly store: Store, private readonly staffId: string, private readonly nowMs: () => number = Date.now) {}

  /** The draft of a case; null for none, one of somebody else, or one that is too old. */
  read(caseId: string): KeptDraft | null {
    try {
      const kept: unknown = JSON.parse(this.store.getItem(this.key(caseId)) ?? 'null');
      if (typeof kept !== 'object' || kept === null) return null;
      const { text, language, to, atMs } = kept as Record<string, unknown>;
      if (typeof text !== 'string' || typeof language !== 'string' || typeof atMs !== 'number') return null;
      if (to !== 'buyer' && to !== 'ask' && to !== 'staff') return null;
      return this.nowMs() - atMs > KEPT_MS ? null : { text, language, to };
    } catch {
      return null;
    }
  }

  /** Keep it; without words there is nothing to keep. A full or forbidden store only loses the draft. */
  write(caseId: string, draft: KeptDraft): void {
    try {
      if (draft.text.trim() === '') this.store.removeItem(this.key(caseId));
      else this.store.setItem(this.key(caseId), JSON.stringify({ ...draft, atMs: this.nowMs() }));
    } catch {
      // The page holds the words as long as it is open.
    }
  }

  /** Everything of this person, when they sign out: the next one may be somebody else. */
  forgetAll(): void {
    const mine = `${PREFIX}${this.staffId}:`;
    const keys = Array.from({ length: this.store.length }, (_, at) => this.store.key(at));
    for (const key of keys) if (key?.startsWith(mine)) this.store.removeItem(key);
  }

  private key(caseId: string): string {
    return `${PREFIX}${this.staffId}:${caseId}`;
  }
}
