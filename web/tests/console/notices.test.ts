import { describe, expect, it } from 'vitest';
import { accountBody, clockOf, hookSecret, isMoving, KINDS, maySendAgain, mayStop, merged, minutesOf, unknownNames, withName, withSwitch, type Notice } from '../../src/console/notices/shapes';

const notice = (part: Partial<Notice>): Notice => ({
  id: 'ntc_1', case_id: 'cas_1', order_number: 'A-1', buyer_name: 'Ana', kind: 'filed', channel: null, state: 'waiting', reason: null, words: null,
  created_at: '2026-06-01T10:00:00Z', due_at: null, sent_at: null, ...part,
});

describe('an account', () => {
  it('keeps the secrets that are left empty by not naming them', () => {
    expect(accountBody('line', true, { base_url: ' https://api.line.me ' }, { access_token: '', channel_secret: ' new-secret ' })).toEqual({ kind: 'line', enabled: true, base_url: 'https://api.line.me', channel_secret: 'new-secret' });
  });
  it('has a secret of its own system as Standard Webhooks writes it', () => {
    const made = hookSecret(new Uint8Array(32).fill(255));
    expect(made).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(atob(made.slice(6))).toHaveLength(32);
  });
});

describe('quiet hours', () => {
  it.each([[0, '00:00'], [485, '08:05'], [1439, '23:59']])('%i minutes are %s', (minutes, clock) => {
    expect(clockOf(minutes)).toBe(clock);
    expect(minutesOf(clock)).toBe(minutes);
  });
  it.each(['', '24:00', '8:00', '12:60', 'noon'])('“%s” is no time', (text) => expect(minutesOf(text)).toBeUndefined());
});

describe('own words', () => {
  it('name what the notice does not know, each once', () => {
    expect(unknownNames('{buyer_name} {total} {} {total}', ['buyer_name'])).toEqual(['total', '']);
  });
  it('take a name at the caret, over what is selected', () => {
    expect(withName('Hello you!', 'buyer_name', 6, 9)).toEqual({ text: 'Hello {buyer_name}!', caret: 18 });
  });
});

describe('a notice', () => {
  const now = Date.parse('2026-06-01T10:00:00Z');
  it('is worth another look while it is on its way or due within a minute', () => {
    expect(isMoving(notice({ state: 'ordered' }), now)).toBe(true);
    expect(isMoving(notice({ due_at: '2026-06-01T10:00:59Z' }), now)).toBe(true);
    expect(isMoving(notice({ due_at: '2026-06-01T10:02:00Z' }), now)).toBe(false);
    expect(isMoving(notice({ state: 'sent' }), now)).toBe(false);
  });
  it('is sent again when it did not go, unless its case was erased, and stopped only while it waits', () => {
    expect(maySendAgain(notice({ state: 'failed' }))).toBe(true);
    expect(maySendAgain(notice({ state: 'suppressed', reason: 'opted_out' }))).toBe(true);
    expect(maySendAgain(notice({ state: 'suppressed', reason: 'erased' }))).toBe(false);
    expect([mayStop(notice({})), mayStop(notice({ state: 'ordered' })), maySendAgain(notice({}))]).toEqual([true, false, false]);
  });
  it('read again stands where it stood, news before it', () => {
    const shown = [notice({ id: 'b' }), notice({ id: 'a' })];
    const fresh = [notice({ id: 'c' }), notice({ id: 'b', state: 'sent' })];
    expect(merged(shown, fresh).map((one) => `${one.id} ${one.state}`)).toEqual(['c waiting', 'b sent', 'a waiting']);
  });
  it('is switched off and on without touching the others', () => {
    expect(withSwitch(['label'], 'filed', false)).toEqual(['filed', 'label']);
    expect(withSwitch(['filed', 'label'], 'filed', true)).toEqual(['label']);
    expect(withSwitch([...KINDS], 'filed', false)).toEqual([...KINDS]);
  });
});
