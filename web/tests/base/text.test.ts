import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addText, directionOf, format, nearestLocale, openText, setLocale, translator, type Catalogue } from '../../src/base/text';

describe('a message', () => {
  const people = { one: '{count} person before you', other: '{count} people before you' };
  it('takes the plural form of its language', () => {
    expect(format(people, { count: 1 }, 'en')).toBe('1 person before you');
    expect(format(people, { count: 2 }, 'en')).toBe('2 people before you');
    expect(format({ other: '另有 {count} 件商品' }, { count: 1 }, 'zh-Hans')).toBe('另有 1 件商品');
  });
  it('writes numbers as its language does', () => {
    expect(format('{size}', { size: 1234.5 }, 'de')).toBe('1.234,5');
  });
  it('takes words of people as they are, braces and dollars too', () => {
    expect(format('“{words}”', { words: '$& {words}' }, 'en')).toBe('“$& {words}”');
  });
  it('isolates a foreign name where it is read from right to left, and numbers not', () => {
    expect(format('الطلب {order} ({count})', { order: '#LL-1', count: 2 }, 'ar')).toBe(`الطلب \u2068#LL-1\u2069 (${new Intl.NumberFormat('ar').format(2)})`);
  });
});

describe('words that come later', () => {
  const words = translator<{ door: string; room: string }>();
  const door = { en: async () => ({ door: 'Door' }), de: async () => ({ door: 'Tür' }) };
  afterEach(() => vi.unstubAllGlobals());
  const open = async () => {
    vi.stubGlobal('document', { documentElement: {} });
    await openText(door, 'en');
  };

  it('stand beside the first ones, in this language and in the next', async () => {
    await open();
    await addText({ en: async () => ({ room: 'Room' }), de: async () => ({ room: 'Raum' }) });
    expect([words('door'), words('room')]).toEqual(['Door', 'Room']);
    await setLocale('de');
    expect([words('door'), words('room')]).toEqual(['Tür', 'Raum']);
  });
  it('come in the language that was chosen while they were on their way', async () => {
    let arrive: (words: Catalogue) => void = () => undefined;
    const german = new Promise<Catalogue>((resolve) => (arrive = resolve));
    const slow = { en: async () => ({ door: 'Door' }), de: () => german };
    vi.stubGlobal('document', { documentElement: {} });
    await openText(slow, 'en');
    const switched = setLocale('de');
    const added = addText({ en: async () => ({ room: 'Room' }), de: async () => ({ room: 'Raum' }) });
    arrive({ door: 'Tür' });
    await Promise.all([switched, added]);
    expect([words('door'), words('room')]).toEqual(['Tür', 'Raum']);
  });
  it('do not bring back a language that was left', async () => {
    let english: (words: Catalogue) => void = () => undefined;
    await open();
    const added = addText({ en: () => new Promise<Catalogue>((resolve) => (english = resolve)), de: async () => ({ room: 'Raum' }) });
    await setLocale('de');
    english({ room: 'Room' });
    await added;
    expect([words('door'), words('room')]).toEqual(['Tür', 'Raum']);
  });
  it('that did not come leave the page as it was, and may be asked for again', async () => {
    await open();
    let online = false;
    const room = { en: async () => (online ? { room: 'Room' } : Promise.reject(new Error('offline'))) };
    await expect(addText(room)).rejects.toThrow('offline');
    expect(words('door')).toBe('Door');
    await setLocale('de');
    expect(words('door')).toBe('Tür');
    online = true;
    await addText(room);
    expect([words('door'), words('room')]).toEqual(['Tür', 'Room']);
  });
});

describe('a language tag', () => {
  it.each([['zh-CN', 'zh-Hans'], ['zh', 'zh-Hans'], ['de-AT', 'de'], ['en_US', 'en'], ['es-419', 'es'], ['ja', null], ['', null]])('%s is shown in %s', (tag, wanted) => {
    expect(nearestLocale(tag)).toBe(wanted);
  });
  it('says which way it is written', () => {
    expect([directionOf('ar-EG'), directionOf('de')]).toEqual(['rtl', 'ltr']);
  });
});

describe('the source', () => {
  const walk = (folder: string): string[] => readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
  const files = walk(new URL('../../src', import.meta.url).pathname).filter((path) => /\.tsx?$/.test(path));
  it('never says any', () => {
    expect(files.filter((path) => /(:|<|as) ?any\b/.test(readFileSync(path, 'utf8')))).toEqual([]);
  });
  it('makes peer connections only where the ways through firewalls are known', () => {
    const makers = files.filter((path) => readFileSync(path, 'utf8').includes('new RTCPeerConnection'));
    expect(makers.map((path) => path.split('/src/')[1]).sort()).toEqual(['live/ice.ts', 'live/precheck.ts']);
  });
});
