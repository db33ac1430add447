import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addText, directionOf, format, nearestLocale, openText, setLocale, translator, type Catalogue, type Message } from '../../src/base/text';
import { de as hostDe } from '../../src/host/locales/de';
import { en as hostEn } from '../../src/host/locales/en';
import { es as hostEs } from '../../src/host/locales/es';
import { zh as hostZh } from '../../src/host/locales/zh-Hans';
import { de as joinDe } from '../../src/join/locales/de';
import { en as joinEn } from '../../src/join/locales/en';
import { es as joinEs } from '../../src/join/locales/es';
import { laterDe } from '../../src/join/locales/later.de';
import { laterEn } from '../../src/join/locales/later.en';
import { laterEs } from '../../src/join/locales/later.es';
import { laterZh } from '../../src/join/locales/later.zh-Hans';
import { zh as joinZh } from '../../src/join/locales/zh-Hans';

const forms = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const params = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('the message catalogues', () => {
  const pairs: [string, Catalogue, Catalogue][] = [
    ['join de', joinEn, joinDe], ['join es', joinEn, joinEs], ['join zh', joinEn, joinZh],
    ['call de', laterEn, laterDe], ['call es', laterEn, laterEs], ['call zh', laterEn, laterZh],
    ['host de', hostEn, hostDe], ['host es', hostEn, hostEs], ['host zh', hostEn, hostZh],
  ];
  it.each(pairs)('%s has every key, with the parameters of the English', (_name, english, other) => {
    expect(Object.keys(other).sort()).toEqual(Object.keys(english).sort());
    for (const [key, message] of Object.entries(english)) {
      const wanted = [...new Set(forms(message).flatMap(params))];
      const found = [...new Set(forms(other[key] as Message).flatMap(params))];
      expect(found.sort(), key).toEqual(wanted.sort());
      for (const text of forms(other[key] as Message)) expect(text.trim(), key).not.toBe('');
    }
  });
});

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
