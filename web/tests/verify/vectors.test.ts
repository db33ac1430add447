/** The page's verifier in Node: the shared vectors, the shared shapes, and what both spell alike. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonical, crc32, fromBase64url, parseCanonical, utf8 } from '../../src/verify/encoding';
import type { Report } from '../../src/verify/report';
import { SHAPES } from '../../src/verify/shapes';
import { verifyPackage } from '../../src/verify/verification';
import { readEntries } from '../../src/verify/zip';

interface Vector {
  name: string;
  package: string;
  receipt: string | null;
  key: string | null;
  tsa_ca: string | null;
  report: Report;
}

const folder = new URL('../../../tests/vectors/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const vectors = JSON.parse(new TextDecoder().decode(read('answers.json'))) as Vector[];

function content(bytes: Uint8Array<ArrayBuffer>) {
  return { size: bytes.length, read: async (start: number, end: number) => bytes.slice(start, end) };
}

describe('the shared vectors', () => {
  it.each(vectors)('$name', async ({ package: name, receipt, key, tsa_ca, report }) => {
    const bytes = (text: string | null) => (text === null ? null : utf8(text));
    const given = { receipt: bytes(receipt), key: bytes(key), tsaCa: bytes(tsa_ca) };
    expect(await verifyPackage(content(read(name)), given)).toEqual(report);
  });

  it('have the shapes that Python has', () => {
    expect(SHAPES).toEqual(JSON.parse(new TextDecoder().decode(read('shapes.json'))));
  });
});

describe('a changed bit', () => {
  const key = utf8(vectors.find((vector) => vector.name === 'by_key')?.key ?? '');
  const flipped = (whole: Uint8Array<ArrayBuffer>, bit: number) => {
    const changed = whole.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    return verifyPackage(content(changed), { key });
  };

  it.each(['unconfirmed.zip', 'part_unconfirmed.zip'])('anywhere in %s is seen', async (name) => {
    const whole = read(name);
    for (let bit = 3; bit < whole.length * 8; bit += 1531) expect((await flipped(whole, bit)).answer, `bit ${bit}`).toBe('not_verified');
  });

  it.each(['ses_1/checkpoints.json', 'report.pdf'])('of a part in %s is named', async (path) => {
    const whole = read('part_unconfirmed.zip');
    const entry = (await readEntries(content(whole))).find((one) => one.name === path);
    expect(entry).toBeDefined();
    const { start, end } = entry ?? { start: 0, end: 0 };
    for (let bit = start * 8; bit < end * 8; bit += 509) {
      const { answer, problems } = await flipped(whole, bit);
      expect([answer, problems.some((one) => one.path === path)], `bit ${bit}`).toEqual(['not_verified', true]);
    }
  });
});

it('text that is not written in its one way is refused', () => {
  for (const text of ['{"b":1,"a":2}', '{"a":1,"a":1}', '{ }', '1.0', '-0', '"\\u0041"', '"\\ud800"', '9007199254740992', '\ufeff1', '[1,]', 'NaN', '']) {
    expect(() => parseCanonical(utf8(text)), text).toThrow();
  }
  expect(canonical(parseCanonical(utf8('{"a":[1,2.5,1e+21,"é\\n"],"b":null}')))).toBe('{"a":[1,2.5,1e+21,"é\\n"],"b":null}');
  for (const text of ['QQ==', 'QR', 'Q', '*', 'Q Q']) expect(() => fromBase64url(text), text).toThrow();
});

it('the checksum is that of ZIP, in parts as well', () => {
  const bytes = Uint8Array.from({ length: 1003 }, (_, at) => (at * 7919) & 255);
  for (const cut of [0, 1, 7, 8, 9, 500]) expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
  expect(crc32(utf8('123456789'))).toBe(0xcbf43926);
});
