import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, matching, putIfStill } from '../../src/base/api';

const PATH = '/api/v1/reasons/lamps';
const READ = { category: 'lamps', reasons: [{ reason: 'damaged', words: {} }] };

interface Sent {
  readonly method: string | undefined;
  readonly ifMatch: string | null;
}

/** A server whose GET answers `found` (null: 404) and whose PUT answers `status`. */
function serving(found: unknown, status = 204): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    sent.push({ method: init.method, ifMatch: new Headers(init.headers).get('If-Match') });
    if (init.method === 'PUT') return status === 204 ? new Response(null, { status }) : Response.json({ code: 'version_conflict', title: 'No', detail: 'No', status }, { status });
    return found === null ? Response.json({ code: 'not_found', title: 'No', status: 404 }, { status: 404 }) : Response.json(found, { headers: { ETag: '"tag"' } });
  });
  return sent;
}

afterEach(() => vi.unstubAllGlobals());

describe('a change of what a list told', () => {
  it('goes out under the ETag that the thing has now, if it is as the list told it', async () => {
    const sent = serving(READ);
    await putIfStill(PATH, READ, { reasons: [] });
    expect(sent).toEqual([{ method: 'GET', ifMatch: null }, { method: 'PUT', ifMatch: '"tag"' }]);
  });

  it('is not sent when somebody else changed the thing, made it or dropped it', async () => {
    for (const [found, before] of [[{ ...READ, reasons: [] }, READ], [READ, null], [null, READ]]) {
      const sent = serving(found);
      await expect(putIfStill(PATH, before, {})).rejects.toMatchObject({ code: 'version_conflict', status: 412 });
      expect(sent.map((one) => one.method)).toEqual(['GET']);
    }
  });

  it('is the same conflict when somebody comes between the look and the change', async () => {
    serving(READ, 412);
    await expect(putIfStill(PATH, READ, {})).rejects.toBeInstanceOf(ApiError);
  });

  it('makes what was not there, and needs no tag for it', async () => {
    const sent = serving(null);
    await putIfStill(PATH, null, {});
    expect(sent.at(-1)).toEqual({ method: 'PUT', ifMatch: null });
    expect(matching(null)).toEqual({});
  });
});
