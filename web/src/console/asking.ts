/** Asking the server for something on one of the console's pages: loading with its failure, and acts that say so when they fail. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import { endedLogin, failureWords } from '../base/sign_in';
import { toast } from '../base/ui';
import { t } from './text';

export interface Loaded<Value> {
  readonly value: Value | null;
  /** In words; what was loaded before stays. */
  readonly failure: string | null;
  readonly reload: () => void;
}

export function useLoaded<Value>(path: string, load: (path: string) => Promise<Value> = get): Loaded<Value> {
  const [value, setValue] = useState<Value | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let wanted = true;
    load(path).then(
      (found) => { if (wanted) { setValue(found); setFailure(null); } },
      (error: unknown) => { if (wanted && !endedLogin(error)) setFailure(failureWords(error)); },
    );
    return () => { wanted = false; };
  }, [path, round]);
  return { value, failure, reload: () => setRound((now) => now + 1) };
}

interface Paged {
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
}

/** The first page of a short list, with the rows of all pages. */
export async function everyPage<Page extends Paged>(path: string): Promise<Page> {
  const first = await get<Page>(`${path}?limit=100`);
  let { items, next_cursor: cursor }: Paged = first;
  while (cursor !== null) {
    const next: Page = await get<Page>(`${path}?limit=100&cursor=${encodeURIComponent(cursor)}`);
    items = [...items, ...next.items];
    cursor = next.next_cursor;
  }
  return { ...first, items, next_cursor: null };
}

/** Do something once at a time; a failure is said in words. */
export function useAct(): readonly [boolean, (work: () => Promise<void>) => Promise<void>] {
  const [busy, setBusy] = useState(false);
  const act = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      if (!endedLogin(error)) toast(t('console.done_failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  return [busy, act];
}
