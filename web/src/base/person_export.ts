/** An export of what is kept about a person: its shape, and asking how far it is until it is there. */
import { get, newClientId, post } from './api';

export interface PersonExport {
  readonly id: string;
  readonly state: 'wanted' | 'ready' | 'failed' | 'expired';
  readonly done_bytes: number;
  readonly total_bytes: number | null;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
}

const ASK_EVERY_MS = 1_500;

export const percentOf = (one: PersonExport): number => Math.round((100 * one.done_bytes) / Math.max(one.total_bytes ?? 0, 1));

/** Order one; a repeat of the same tap orders nothing more. */
export const orderExport = (path: string): Promise<PersonExport> => post<PersonExport>(path, {}, { headers: { 'Idempotency-Key': newClientId() }, retries: 2 });

/** Tell the exports under `path` now, and again while one is being made; `failed` is told of an error and ends it. The answer stops. */
export function watchExports(path: string, told: (exports: readonly PersonExport[]) => void, failed: (error: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let wanted = true;
  const ask = async (): Promise<void> => {
    try {
      const { items } = await get<{ items: PersonExport[] }>(path);
      if (!wanted) return;
      told(items);
      if (items.some((one) => one.state === 'wanted')) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    } catch (error) {
      if (wanted) failed(error);
    }
  };
  void ask();
  return () => {
    wanted = false;
    if (timer !== null) clearTimeout(timer);
  };
}
