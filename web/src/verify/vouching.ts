/** What comes from outside the package and says whose key signed it: a receipt, a key. */
import { fromUtf8, parseCanonical, type Json } from './encoding';
import { checkPublicJwk, isSignedBy, readJws, thumbprint, type Jws } from './jws';
import { fits, SHAPES } from './shapes';
import type { Source } from './source';
import type { Receipt } from './statements';

type ManifestOf = (sessionId: string, number: number) => { digest: string; kid: string } | undefined;

/** Whether a receipt vouches for the package's key; whoever sealed everything anew cannot have made it. */
export async function readReceipt(source: Source, bytes: Uint8Array, manifestOf: ManifestOf): Promise<boolean> {
  let jws: Jws;
  let said: Json;
  try {
    jws = readJws(fromUtf8(bytes).trim());
    said = parseCanonical(jws.payload);
    if (jws.typ !== 'proofcall-receipt+json' || !fits(said, SHAPES.receipt)) throw new Error('no receipt');
  } catch {
    source.blame('bad_receipt', 'receipt');
    return false;
  }
  const key = source.keys.get(jws.kid);
  if (!key || !(await isSignedBy(jws, key))) {
    source.blame('wrong_key', 'receipt');
    return false;
  }
  const receipt = said as unknown as Receipt;
  const manifest = manifestOf(receipt.session_id, receipt.number);
  if (!manifest || manifest.digest !== receipt.manifest_sha256 || manifest.kid !== jws.kid) {
    source.blame('receipt', 'receipt');
    return false;
  }
  return source.signers.size === 1 && source.signers.has(jws.kid);
}

/** Whether a JWK, a JWK set or a key's name vouches for every signature. */
export async function readKey(source: Source, bytes: Uint8Array): Promise<boolean> {
  let names: Set<string>;
  try {
    names = await namesIn(fromUtf8(bytes).trim());
  } catch {
    source.blame('bad_key', 'key');
    return false;
  }
  if (source.signers.size === 0 || ![...source.signers].every((kid) => names.has(kid))) {
    source.blame('wrong_key', 'key');
    return false;
  }
  return true;
}

async function namesIn(text: string): Promise<Set<string>> {
  if (!text.startsWith('{')) {
    if (!/^[A-Za-z0-9_-]{43}$/.test(text)) throw new Error('not a key’s name');
    return new Set([text]);
  }
  const value = JSON.parse(text) as { keys?: Json };
  const listed = value.keys ?? [value as Json];
  if (!Array.isArray(listed) || listed.length === 0) throw new Error('not a list of keys');
  return new Set(await Promise.all(listed.map(async (one) => thumbprint(await checkPublicJwk(one)))));
}
