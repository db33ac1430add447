/** HTTP to our own server: problem details become ApiError, waits end, only harmless requests repeat. */
import type { Problem } from './protocol/joining';
import { learnServerTime } from './time';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A request that did not succeed; `code` is stable, status 0 means that no answer came. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly problem: Problem | null;

  constructor(code: string, status: number, detail: string, problem: Problem | null = null) {
    super(detail);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.problem = problem;
  }

  /** The network's fault or a passing one: the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  /** What the server said of one field, if it did. */
  field(name: string): string | null {
    return this.problem?.errors?.find((error) => error.field === name)?.message ?? null;
  }
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** Further tries after a passing failure; by default two for GET, none for what changes something. */
  retries?: number;
  signal?: AbortSignal;
}

/** `guest`: an observer who came by a link rather than by signing in. */
export type ActingRole = 'buyer' | 'host' | 'observer' | 'guest';
let actingAs: ActingRole | null = null;

/** A browser may be a buyer's and a host's and an observer's; this page speaks for one of them. */
export function actAs(role: ActingRole): void {
  actingAs = role;
}

export function actingRole(): ActingRole | null {
  return actingAs;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && typeof (value as { code?: unknown }).code === 'string';
}

async function failure(response: Response): Promise<ApiError> {
  let parsed: unknown = null;
  try {
    parsed = await response.json();
  } catch {
    // A proxy's page instead of problem details: the status has to do.
  }
  if (isProblem(parsed)) return new ApiError(parsed.code, response.status, parsed.detail ?? parsed.title, parsed);
  return new ApiError(`http_${response.status}`, response.status, response.statusText);
}

async function once(method: Method, path: string, options: CallOptions): Promise<Response> {
  const ended = new AbortController();
  let late = false;
  const end = () => ended.abort();
  const limit = setTimeout(() => {
    late = true;
    end();
  }, options.timeoutMs ?? 10_000);
  options.signal?.addEventListener('abort', end);
  if (options.signal?.aborted) end();
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Proofcall': '1', ...options.headers };
  if (actingAs) headers['X-Proofcall-Role'] = actingAs;
  const init: RequestInit = { method, headers, signal: ended.signal, credentials: 'same-origin', cache: 'no-store' };
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  const sentMs = Date.now();
  try {
    const response = await fetch(path, init);
    learnServerTime(response.headers.get('Date'), sentMs, Date.now());
    return response;
  } catch {
    if (options.signal?.aborted) throw new ApiError('aborted', 0, 'The request was given up.');
    throw late
      ? new ApiError('timeout', 0, 'The server did not answer in time.')
      : new ApiError('offline', 0, 'The server could not be reached.');
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', end);
  }
}

/** Ask and get JSON, with the answer's ETag; throws ApiError. The caller names the shape, as the protocol does. */
export async function callWithEtag<Answer>(
  method: Method,
  path: string,
  options: CallOptions = {},
): Promise<{ value: Answer; etag: string | null }> {
  const retries = options.retries ?? (method === 'GET' ? 2 : 0);
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await once(method, path, options);
      if (!response.ok) throw await failure(response);
      const etag = response.headers.get('ETag');
      if (response.status === 204) return { value: undefined as Answer, etag };
      try {
        return { value: (await response.json()) as Answer, etag };
      } catch {
        throw new ApiError('bad_answer', 0, 'The answer was cut off.');
      }
    } catch (error) {
      const passing = error instanceof ApiError && error.passing && error.code !== 'aborted';
      if (!passing || attempt >= retries) throw error;
      await pause(300 * 2 ** attempt * (0.75 + Math.random() / 2));
    }
  }
}

export async function call<Answer>(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
  return (await callWithEtag<Answer>(method, path, options)).value;
}

export const get = <Answer>(path: string, options?: CallOptions) => call<Answer>('GET', path, options);
export const post = <Answer>(path: string, body: unknown = {}, options?: CallOptions) =>
  call<Answer>('POST', path, { ...options, body });
export const put = <Answer>(path: string, body: unknown, options?: CallOptions) =>
  call<Answer>('PUT', path, { ...options, body });

/** An id that makes a repeated request harmless. */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** To be sent with a change of what was read under this ETag: somebody else's change meanwhile is `version_conflict`. */
export function matching(etag: string | null): CallOptions {
  return etag === null ? {} : { headers: { 'If-Match': etag } };
}

/** Change a thing that is still as a list told it (null: not there); else `version_conflict`, and nothing is changed. */
export async function putIfStill(path: string, before: unknown, body: unknown): Promise<void> {
  const now = await callWithEtag<unknown>('GET', path).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return { value: null, etag: null };
    throw error;
  });
  if (JSON.stringify(now.value) !== JSON.stringify(before)) throw new ApiError('version_conflict', 412, 'Somebody else has changed this since you read it.');
  await put(path, body, matching(now.etag));
}
