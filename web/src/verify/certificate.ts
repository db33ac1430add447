/** Certificates (X.509, RFC 5280) as far as a time-stamp's chain needs them: RSA and ECDSA by WebCrypto. */
import * as der from './der';
import { fromUtf8, joined, Malformed } from './encoding';
import type { Bytes, Moment, Value } from './der';

const EC_KEY = '1.2.840.10045.2.1';
const RSA_KEY = '1.2.840.113549.1.1.1';
const CURVES: { readonly [oid: string]: { namedCurve: string; bytes: number } } = {
  '1.2.840.10045.3.1.7': { namedCurve: 'P-256', bytes: 32 },
  '1.3.132.0.34': { namedCurve: 'P-384', bytes: 48 },
  '1.3.132.0.35': { namedCurve: 'P-521', bytes: 66 },
};
const SIGNED_WITH: { readonly [oid: string]: { kind: 'rsa' | 'ec'; hash: string } } = {
  '1.2.840.113549.1.1.11': { kind: 'rsa', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', hash: 'SHA-512' },
  '1.2.840.10045.4.3.2': { kind: 'ec', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { kind: 'ec', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { kind: 'ec', hash: 'SHA-512' },
};
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const PURPOSES = '2.5.29.37';
/** What may be critical and is understood here, or says nothing about time-stamps. */
const UNDERSTOOD = new Set([BASIC_CONSTRAINTS, KEY_USAGE, PURPOSES, '2.5.29.14', '2.5.29.17', '2.5.29.32', '2.5.29.35']);
const ANY_PURPOSE = '2.5.29.37.0';
export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const MIN_RSA_BYTES = 256;
const MAX_CHAIN = 8;
const KEY_CERT_SIGN = 0x04;

export interface PublicKey {
  readonly kind: 'rsa' | 'ec' | 'other';
  readonly spki: Bytes;
  readonly curve: { namedCurve: string; bytes: number } | null;
}

export interface Certificate {
  readonly whole: Bytes;
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly from: Moment;
  readonly until: Moment;
  readonly key: PublicKey;
  readonly purposes: { critical: boolean; listed: readonly string[] } | null;
  readonly isIssuer: boolean;
  readonly maxBelow: number | null;
  readonly keyUsage: number | null;
  readonly hasUnknownCritical: boolean;
  readonly signed: Bytes;
  readonly signedWith: string;
  readonly signature: Bytes;
}

export function readCertificate(whole: Bytes): Certificate {
  const outer = der.readOnly(whole, der.SEQUENCE).items();
  const body = outer.take(der.SEQUENCE);
  const signedWith = algorithm(outer.take(der.SEQUENCE));
  const signature = bits(outer.take(der.BITS));
  outer.end();
  const items = body.items();
  items.takeOptional(0xa0);
  der.integerBytes(items.take(der.INTEGER));
  if (algorithm(items.take(der.SEQUENCE)) !== signedWith) throw new Malformed('two algorithms');
  const issuer = items.take(der.SEQUENCE).whole;
  const times = items.take(der.SEQUENCE).items();
  const from = der.readCertificateTime(times.takeAny());
  const until = der.readCertificateTime(times.takeAny());
  times.end();
  const subject = items.take(der.SEQUENCE).whole;
  const key = publicKey(items.take(der.SEQUENCE));
  items.takeOptional(0x81);
  items.takeOptional(0x82);
  const extensions = readExtensions(items.takeOptional(0xa3));
  items.end();
  return { whole, issuer, subject, from, until, key, ...extensions, signed: body.whole, signedWith, signature };
}

type Extensions = Pick<Certificate, 'purposes' | 'isIssuer' | 'maxBelow' | 'keyUsage' | 'hasUnknownCritical'>;

function readExtensions(value: Value | null): Extensions {
  const found = { purposes: null as Certificate['purposes'], isIssuer: false, maxBelow: null as number | null, keyUsage: null as number | null, hasUnknownCritical: false };
  if (!value) return found;
  const seen = new Set<string>();
  const listed = der.readOnly(value.content, der.SEQUENCE).items();
  while (!listed.isEmpty) {
    const one = listed.take(der.SEQUENCE).items();
    const name = der.objectId(one.take(der.OBJECT_ID));
    const critical = one.takeOptional(der.BOOLEAN)?.content[0] === 0xff;
    const content = one.take(der.OCTETS).content;
    one.end();
    if (seen.has(name)) throw new Malformed('an extension comes twice');
    seen.add(name);
    if (critical && !UNDERSTOOD.has(name)) found.hasUnknownCritical = true;
    if (name === BASIC_CONSTRAINTS) {
      const said = der.readOnly(content, der.SEQUENCE).items();
      found.isIssuer = said.takeOptional(der.BOOLEAN)?.content[0] === 0xff;
      const below = said.takeOptional(der.INTEGER);
      found.maxBelow = below && der.smallInteger(below);
    } else if (name === KEY_USAGE) {
      found.keyUsage = der.readOnly(content, der.BITS).content[1] ?? 0;
    } else if (name === PURPOSES) {
      const purposes = der.readOnly(content, der.SEQUENCE).items();
      const names: string[] = [];
      while (!purposes.isEmpty) names.push(der.objectId(purposes.take(der.OBJECT_ID)));
      found.purposes = { critical, listed: names };
    }
  }
  return found;
}

function publicKey(value: Value): PublicKey {
  const items = value.items();
  const said = items.take(der.SEQUENCE).items();
  const name = der.objectId(said.take(der.OBJECT_ID));
  if (name === EC_KEY) {
    const curve = CURVES[der.objectId(said.take(der.OBJECT_ID))] ?? null;
    return { kind: curve ? 'ec' : 'other', spki: value.whole, curve };
  }
  if (name !== RSA_KEY) return { kind: 'other', spki: value.whole, curve: null };
  return { kind: 'rsa', spki: value.whole, curve: null };
}

/** The certificates of a PEM file. */
export function readPem(bytes: Uint8Array): Certificate[] {
  const blocks = fromUtf8(bytes).matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  const found = Array.from(blocks, ([, text]) => {
    try {
      return readCertificate(Uint8Array.from(atob((text as string).replace(/\s/g, '')), (character) => character.charCodeAt(0)));
    } catch {
      throw new Malformed('not a certificate');
    }
  });
  if (found.length === 0) throw new Malformed('no certificate');
  return found;
}

/** Whether some bytes are signed by a key; null if it cannot be told of such a key. */
export async function isSigned(key: PublicKey, hash: string, signature: Bytes, signed: Bytes): Promise<boolean | null> {
  if (key.kind === 'other') return null;
  const how = key.curve ? { name: 'ECDSA', namedCurve: key.curve.namedCurve } : { name: 'RSASSA-PKCS1-v1_5', hash };
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey('spki', key.spki, how, false, ['verify']);
  } catch {
    return null;
  }
  if (!key.curve) return crypto.subtle.verify(how.name, imported, signature, signed);
  const raw = rawSignature(signature, key.curve.bytes);
  return raw !== null && crypto.subtle.verify({ name: 'ECDSA', hash }, imported, raw, signed);
}

/** Two integers in DER as WebCrypto takes them: side by side, of the curve's length. */
function rawSignature(signature: Bytes, length: number): Bytes | null {
  try {
    const pair = der.readOnly(signature, der.SEQUENCE).items();
    const parts = [pair.take(der.INTEGER), pair.take(der.INTEGER)].map((one) => {
      const bytes = der.integerBytes(one);
      const short = bytes[0] === 0 ? bytes.subarray(1) : bytes;
      if (short.length > length || (bytes[0] as number) >= 0x80) throw new Malformed('out of range');
      return joined(new Uint8Array(length - short.length), short);
    });
    pair.end();
    return joined(...parts);
  } catch {
    return null;
  }
}

/** Whether a signer's certificate stands under one of the authorities at that time. */
export async function standsUnder(signer: Certificate, others: readonly Certificate[], authorities: readonly Certificate[], ms: number): Promise<boolean> {
  if (signer.hasUnknownCritical || !isValid(signer, ms)) return false;
  // Each is followed once: certificates that name one another would lead round and round.
  const followed = new Set<Certificate>([signer]);
  const search = async (one: Certificate, below: number): Promise<boolean> => {
    for (const issuer of authorities) if (await mayIssue(issuer, one, below, ms)) return true;
    if (below + 1 >= MAX_CHAIN) return false;
    for (const issuer of others) {
      if (followed.has(issuer) || !(await mayIssue(issuer, one, below, ms))) continue;
      followed.add(issuer);
      if (await search(issuer, below + 1)) return true;
    }
    return false;
  };
  return authorities.some((one) => same(one.whole, signer.whole)) || search(signer, 0);
}

async function mayIssue(issuer: Certificate, one: Certificate, below: number, ms: number): Promise<boolean> {
  const how = SIGNED_WITH[one.signedWith];
  return (
    how !== undefined &&
    how.kind === issuer.key.kind &&
    same(issuer.subject, one.issuer) &&
    issuer.isIssuer &&
    isValid(issuer, ms) &&
    !issuer.hasUnknownCritical &&
    (issuer.maxBelow === null || below <= issuer.maxBelow) &&
    (issuer.keyUsage === null || (issuer.keyUsage & KEY_CERT_SIGN) !== 0) &&
    (issuer.purposes === null || issuer.purposes.listed.some((purpose) => purpose === TIME_STAMPING || purpose === ANY_PURPOSE)) &&
    (await isSigned(issuer.key, how.hash, one.signature, one.signed)) === true
  );
}

function isValid(one: Certificate, ms: number): boolean {
  return one.from.ms <= ms && ms <= one.until.ms && (one.key.kind !== 'rsa' || one.key.spki.length > MIN_RSA_BYTES);
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function algorithm(value: Value): string {
  return der.objectId(value.items().take(der.OBJECT_ID));
}

function bits(value: Value): Bytes {
  if (value.content[0] !== 0) throw new Malformed('not whole bytes');
  return value.content.subarray(1);
}
