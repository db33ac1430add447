/** What a shared link opens: exchanged once for a cookie, then asked for again now and then. */
import { ApiError, get, post } from '../base/api';
import type { Timeline } from '../base/protocol/timeline';
import type { Direction } from '../base/protocol/words';

export interface SharedStill {
  readonly still_id: string;
  readonly at_ms: number;
  readonly image: string;
}

export interface Shared {
  readonly share_id: string;
  readonly viewer: string;
  readonly shared_by: string;
  readonly tenant: string;
  readonly expires_at: string;
  readonly may_download: boolean;
  readonly is_part: boolean;
  readonly timeline: {
    readonly start_ms: number;
    readonly end_ms: number;
    readonly direction: Direction;
    readonly recordings: (Timeline['recordings'][number] & { readonly download: string })[];
    readonly gaps: Timeline['gaps'];
    readonly stills: readonly SharedStill[];
  };
}

/** Why there is nothing to see. */
export type Shut = 'revoked' | 'expired' | 'unknown' | 'erased' | 'offline';

const SHUT: Readonly<Record<string, Shut>> = { link_revoked: 'revoked', link_expired: 'expired', link_unknown: 'unknown', erased: 'erased' };

export function shutBy(error: unknown): Shut {
  return error instanceof ApiError ? (SHUT[error.code] ?? 'offline') : 'offline';
}

/** The secret stays in the fragment, which no server is sent. */
export async function comeIn(token: string): Promise<Shared> {
  const { share_id: id } = await post<{ share_id: string }>('/api/shared', { token });
  return await look(id);
}

export const look = (id: string): Promise<Shared> => get<Shared>(`/api/shared/${encodeURIComponent(id)}`, { timeoutMs: 20_000 });
