/** The verifier: `recorder/proof/verification.py` in TypeScript; shared vectors hold both to the same answers. */
import { Malformed, type Json } from './encoding';
import { checkPublicJwk, thumbprint, type Jwk } from './jws';
import { readTimestamps } from './manifest_timestamps';
import { conclude, type Report } from './report';
import { SessionCheck } from './session_check';
import { SHAPES } from './shapes';
import { Source } from './source';
import type { Keys, Package } from './statements';
import { readKey, readReceipt } from './vouching';
import { BadZip, readEntries, type Content } from './zip';

export interface Given {
  readonly receipt?: Uint8Array | null;
  readonly key?: Uint8Array | null;
  /** Certificates (PEM) of the time-stamping authorities that are trusted. */
  readonly tsaCa?: Uint8Array | null;
  /** Without it nothing is from the future. */
  readonly now?: Date;
  /** Told how many bytes have been read. */
  readonly onRead?: (bytes: number) => void;
}

/** Check a package; nothing that it, the receipt or the key holds makes this throw. */
export async function verifyPackage(content: Content, given: Given = {}): Promise<Report> {
  let source: Source;
  try {
    const entries = await readEntries(content);
    source = new Source(content, new Map(entries.map((entry) => [entry.name, entry])), given.onRead ?? (() => undefined));
  } catch (error) {
    if (!(error instanceof BadZip)) throw error;
    return { answer: 'not_verified', problems: [{ code: 'zip', path: '', at: error.at }], gaps: [], sessions: [], signed_by: [], confirmed_by: [], timestamps: [] };
  }
  source.keys = await readKeys(source);
  const pack = await readPackage(source);
  const checks: SessionCheck[] = [];
  if (pack) {
    for (const { session_id, manifests } of pack.sessions) {
      const check = new SessionCheck(source, session_id, pack.case_id);
      await check.run(manifests);
      checks.push(check);
    }
    await checkFiles(source, pack, new Set(checks.flatMap((check) => [...check.recordingPaths])));
  }
  const confirmed: ('receipt' | 'key')[] = [];
  const manifestOf = (sessionId: string, number: number) => checks.find((check) => check.sessionId === sessionId)?.manifestDigests.get(number);
  if (given.receipt && (await readReceipt(source, given.receipt, manifestOf))) confirmed.push('receipt');
  if (given.key && (await readKey(source, given.key))) confirmed.push('key');
  const manifests = checks.flatMap(({ sessionId, manifestDigests }) => Array.from(manifestDigests, ([number, { digest }]) => ({ session_id: sessionId, number, digest })));
  const timestamps = await readTimestamps(source, manifests, given.tsaCa ?? null, given.now ?? null);
  const gaps = checks.flatMap((check) => check.gaps);
  return {
    answer: conclude(source.problems.length, gaps.length, confirmed.length > 0),
    problems: source.problems,
    gaps,
    sessions: checks.map((check) => check.report),
    signed_by: [...source.signers].sort(),
    confirmed_by: confirmed,
    timestamps,
  };
}

async function readKeys(source: Source): Promise<Map<string, Jwk>> {
  const path = 'keys.json';
  const keys = new Map<string, Jwk>();
  const listed = await source.json<Keys>(path, SHAPES.keys);
  if (!listed) return keys;
  if (listed.format !== 'proofcall-keys-1') {
    source.blame('format', path);
    return keys;
  }
  for (const [number, one] of listed.keys.entries()) {
    try {
      const jwk = await checkPublicJwk(one as Json);
      if (jwk['kty'] !== 'OKP' || one.kid !== (await thumbprint(jwk)) || keys.has(one.kid)) source.blame('key', path, number);
      else keys.set(one.kid, jwk);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      source.blame('key', path, number);
    }
  }
  return keys;
}

async function readPackage(source: Source): Promise<Package | null> {
  const path = 'package.jws';
  const bytes = await source.text(path);
  const found = bytes && (await source.statement<Package>(bytes, 'proofcall-package+json', SHAPES.package, path));
  if (!found) return null;
  const pack = found.said;
  const sessions = pack.sessions.map((named) => named.session_id);
  const paths = pack.files.map((file) => file.path);
  const isSorted = JSON.stringify(paths) === JSON.stringify([...new Set(paths)].sort());
  if (pack.format !== 'proofcall-package-1' || new Set(sessions).size !== sessions.length || sessions.length > source.entries.size || !isSorted) {
    source.blame('format', path);
    return null;
  }
  return pack;
}

async function checkFiles(source: Source, pack: Package, recordings: ReadonlySet<string>): Promise<void> {
  for (const { path, bytes, sha256 } of pack.files) {
    const entry = source.entries.get(path);
    if (!entry) {
      source.blame('missing', path);
      continue;
    }
    if (entry.size !== bytes) source.blame('size', path);
    if (sha256 !== undefined) {
      if ((await source.digest(entry)) !== sha256) source.blame('digest', path);
    } else if (!recordings.has(path)) {
      source.blame('unlisted', path);
    }
  }
  const listed = new Set(pack.files.map((file) => file.path));
  for (const [path, entry] of source.entries) {
    if (path === 'package.jws') await source.digest(entry);
    else if (!listed.has(path)) source.blame('unlisted', path);
  }
}
