import { describe, expect, it } from 'vitest';
import { leftIn } from '../../src/console/scripts';
import { joined, type ThreadMessage } from '../../src/thread/thread';

const message = (id: string, at: number): ThreadMessage => ({
  id, at: new Date(at).toISOString(), author: { role: 'buyer', name: 'Ana', mine: false }, text: id, locale: 'es',
  translations: [], attachments: [], refused: [], internal: false, session_id: null, client_id: null,
});
const ids = (messages: readonly ThreadMessage[]) => messages.map((one) => one.id);

describe('a thread on a page', () => {
  it('keeps earlier pages when a newer one comes, and doubles nothing', () => {
    const known = [message('a', 1000), message('b', 2000), message('c', 3000)];
    expect(ids(joined(known, [message('b', 2000), message('c', 3000), message('d', 4000)]))).toEqual(['a', 'b', 'c', 'd']);
  });
  it('takes the newer words of a message it knows', () => {
    const changed = { ...message('a', 1000), translations: [{ locale: 'de', text: 'A' }] };
    expect(joined([message('a', 1000)], [changed])).toEqual([changed]);
  });
  it('loses nothing to an empty page', () => {
    expect(ids(joined([message('a', 1000)], []))).toEqual(['a']);
  });
});

describe('what is left to fill in', () => {
  it('names each placeholder once and takes no other braces for one', () => {
    expect(leftIn('{deadline} {deadline} {x} {buyer_name.constructor} {carrier}')).toEqual(['deadline', 'carrier']);
  });
});
