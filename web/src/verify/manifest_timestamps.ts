/** Time-stamps of the manifests, as they stand in the package (`recorder/proof/manifest_timestamps.py`). */
import { readPem, type Certificate } from './certificate';
import { fromHex, joined, sha256, sha256Hex } from './encoding';
import type { TimestampFound } from './report';
import type { Source } from './source';
import { BadTimestamp, checkChain, readTimestamp, type Timestamp } from './timestamp';

const MAX_TIMESTAMP_BYTES = 64 * 1024;
// A verifier's own clock may be wrong by this much.
const CLOCK_ERROR_MS = 5 * 60 * 1000;
export const AUTHORITIES = 'authorities.pem';

export interface StatedManifest {
  readonly session_id: string;
  readonly number: number;
  readonly digest: string;
}

/** What each says of which manifest; one that does not hold is a problem of the package. */
export async function readTimestamps(source: Source, manifests: readonly StatedManifest[], tsaCa: Uint8Array | null, now: Date | null): Promise<TimestampFound[]> {
  let confirming: Certificate[] = [];
  if (tsaCa) confirming = readAuthorities(source, tsaCa, 'tsa-ca');
  const chains = manifests.map((manifest) => ({ manifest, paths: stampPaths(source, manifest) }));
  const known = new Set(chains.flatMap(({ paths }) => paths));
  for (const path of source.entries.keys()) if (path.endsWith('.tsr') && !known.has(path)) source.blame('unlisted', path);
  if (known.size === 0) return [];
  let trusted = confirming;
  if (trusted.length === 0) {
    const shipped = await source.text(AUTHORITIES);
    if (shipped) trusted = readAuthorities(source, shipped, AUTHORITIES);
  }
  const found: TimestampFound[] = [];
  for (const { manifest, paths } of chains) {
    const stamps = await chainOf(source, manifest.digest, paths, trusted, now);
    const [first, last] = [stamps[0], stamps.at(-1)];
    if (!first || !last) continue;
    found.push({ session_id: manifest.session_id, number: manifest.number, at: first.at.text, until: last.signer.until.text, renewals: stamps.length - 1, confirmed: confirming.length > 0 });
  }
  return found;
}

function readAuthorities(source: Source, pem: Uint8Array, path: string): Certificate[] {
  try {
    return readPem(pem);
  } catch {
    source.blame('bad_tsa_ca', path);
    return [];
  }
}

/** Where a manifest's time-stamps are in the package, renewals after the first. */
export function stampPaths(source: Source, { session_id, number }: Omit<StatedManifest, 'digest'>): string[] {
  const paths: string[] = [];
  for (;;) {
    const path = `${session_id}/manifest-${number}${paths.length === 0 ? '' : `.${paths.length}`}.tsr`;
    if (!source.entries.has(path)) return paths;
    paths.push(path);
  }
}

/** A manifest's time-stamps, each renewing the one before; none if one does not hold. */
async function chainOf(source: Source, digest: string, paths: readonly string[], trusted: readonly Certificate[], now: Date | null): Promise<Timestamp[]> {
  const stamps: Timestamp[] = [];
  let imprint = digest;
  for (const path of paths) {
    if ((source.entries.get(path)?.size ?? 0) > MAX_TIMESTAMP_BYTES) {
      source.blame('too_large', path);
      return [];
    }
    const content = await source.text(path);
    if (!content) return [];
    try {
      const stamp = await readTimestamp(content);
      checkStamp(stamp, imprint, stamps.at(-1), now);
      await checkChain(stamp, trusted);
      stamps.push(stamp);
    } catch (error) {
      if (!(error instanceof BadTimestamp)) throw error;
      source.blame(error.code, path);
      return [];
    }
    imprint = await sha256Hex(joined(fromHex(digest), await sha256(content)));
  }
  return stamps;
}

/** Insist that a time-stamp is of this imprint, of the past, and renews the one before. */
function checkStamp({ imprint, at }: Timestamp, wanted: string, before: Timestamp | undefined, now: Date | null): void {
  if (imprint !== wanted) throw new BadTimestamp('tsa_imprint');
  if (now && at.ms > now.getTime() + CLOCK_ERROR_MS) throw new BadTimestamp('tsa_future');
  if (before && (at.ms < before.at.ms || at.ms > before.signer.until.ms)) throw new BadTimestamp('tsa_renewal');
}
