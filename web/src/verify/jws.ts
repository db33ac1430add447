/** Compact JWS (RFC 7515) and public JSON Web Keys, by WebCrypto: Ed25519 and ECDSA P-256. */
import { canonical, fromBase64url, fromUtf8, Malformed, parseCanonical, sha256, toBase64url, utf8, type Json } from './encoding';

export interface Jws {
  readonly alg: string;
  readonly kid: string;
  readonly typ: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A public key, reduced to the members that define it. */
export type Jwk = { readonly [member: string]: string };

const COORDINATE_BYTES = 32;
const SIGNATURE_BYTES = 64;
const NAMES = { Ed25519: { name: 'Ed25519' }, 'P-256': { name: 'ECDSA', namedCurve: 'P-256' } } as const;

/** Whether this browser can check the operator's signatures at all. */
export async function knowsEd25519(): Promise<boolean> {
  try {
    await importKey({ crv: 'Ed25519', kty: 'OKP', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
    return true;
  } catch {
    return false;
  }
}

export function readJws(text: string): Jws {
  const parts = text.split('.');
  if (parts.length !== 3) throw new Malformed('not a compact JWS');
  const [first, second, third] = parts as [string, string, string];
  const head = parseCanonical(fromBase64url(first));
  if (head === null || typeof head !== 'object' || Array.isArray(head)) throw new Malformed('no head');
  const { alg, kid, typ } = head;
  if (Object.keys(head).length !== 3 || typeof alg !== 'string' || typeof kid !== 'string' || typeof typ !== 'string') throw new Malformed('the head is not {alg, kid, typ}');
  return { alg, kid, typ, payload: fromBase64url(second), signed: utf8(`${first}.${second}`), signature: fromBase64url(third) };
}

export function readJwsBytes(bytes: Uint8Array): Jws {
  return readJws(fromUtf8(bytes));
}

/** Whether the signature is this key's; the key decides the algorithm, never the head. */
export async function isSignedBy(jws: Jws, jwk: Jwk): Promise<boolean> {
  if (jws.kid !== (await thumbprint(jwk)) || jws.signature.length !== SIGNATURE_BYTES) return false;
  const isEdwards = jwk['kty'] === 'OKP';
  if (jws.alg !== (isEdwards ? 'EdDSA' : 'ES256')) return false;
  try {
    const key = await importKey(jwk);
    return await crypto.subtle.verify(isEdwards ? 'Ed25519' : { name: 'ECDSA', hash: 'SHA-256' }, key, jws.signature, jws.signed);
  } catch {
    return false;
  }
}

export async function checkPublicJwk(value: Json): Promise<Jwk> {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'd' in value) throw new Malformed('not a public JSON Web Key');
  const kind = `${String(value['kty'])}/${String(value['crv'])}`;
  const members = kind === 'OKP/Ed25519' ? ['crv', 'kty', 'x'] : kind === 'EC/P-256' ? ['crv', 'kty', 'x', 'y'] : null;
  if (!members) throw new Malformed('neither Ed25519 nor P-256');
  const jwk: { [member: string]: string } = {};
  for (const member of members) {
    const text = value[member];
    if (typeof text !== 'string') throw new Malformed(`${member} is missing`);
    jwk[member] = text;
  }
  for (const member of members.slice(2)) {
    if (fromBase64url(jwk[member] as string).length !== COORDINATE_BYTES) throw new Malformed(`${member} has another length`);
  }
  if (jwk['kty'] === 'EC') {
    try {
      await importKey(jwk);
    } catch {
      throw new Malformed('no point of its curve');
    }
  }
  return jwk;
}

/** The key's name: its JWK thumbprint (RFC 7638). */
export async function thumbprint(jwk: Jwk): Promise<string> {
  return toBase64url(await sha256(utf8(canonical(jwk))));
}

async function importKey(jwk: Jwk): Promise<CryptoKey> {
  const name = jwk['crv'] === 'Ed25519' ? NAMES.Ed25519 : NAMES['P-256'];
  return crypto.subtle.importKey('jwk', { ...jwk }, name, true, ['verify']);
}
