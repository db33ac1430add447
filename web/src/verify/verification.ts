/** The verifier: `recorder/proof/verification.py` in TypeScript; shared vectors hold both to the same answers. */
import { Malformed, type Json } from './encoding';
import { checkPublicJwk, readJwsBytes, thumbprint, type Jwk } from './jws';
import { readTimestamps } from './manifest_timestamps';
import { checkFiles, listsEachOnce, NOTHING, type Checked } from './package_files';
import { checkPart } from './part_check';
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
  const statement = await source.text('package.jws');
  const checked = statement === null ? NOTHING : typOf(statement) === 'proofcall-part+json' ? await checkPart(source, statement) : await checkWhole(source, statement);
  const confirmed: ('receipt' | 'key')[] = [];
  const manifestOf = (sessionId: string, number: number) => checked.manifests.get(sessionId)?.digests.get(number);
  if (given.receipt && (await readReceipt(source, given.receipt, manifestOf))) confirmed.push('receipt');
  if (given.key && (await readKey(source, given.key))) confirmed.push('key');
  const { sessions, gaps, part } = checked;
  const manifests = [...checked.manifests].flatMap(([session_id, { digests }]) => Array.from(digests, ([number, { digest }]) => ({ session_id, number, digest })));
  const timestamps = await readTimestamps(source, manifests, given.tsaCa ?? null, given.now ?? null);
  return {
    answer: conclude(source.problems.length, gaps.length, confirmed.length > 0),
    problems: source.problems,
    gaps,
    sessions,
    signed_by: [...source.signers].sort(),
    confirmed_by: confirmed,
    timestamps,
    ...(part && { part }),
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

function typOf(statement: Uint8Array): string | null {
  try {
    return readJwsBytes(statement).typ;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return null;
  }
}

async function checkWhole(source: Source, statement: Uint8Array): Promise<Checked> {
  const path = 'package.jws';
  const found = await source.statement<Package>(statement, 'proofcall-package+json', SHAPES.package, path);
  if (!found) return NOTHING;
  const pack = found.said;
  const sessions = pack.sessions.map((named) => named.session_id);
  if (pack.format !== 'proofcall-package-1' || new Set(sessions).size !== sessions.length || sessions.length > source.entries.size || !listsEachOnce(pack)) {
    source.blame('format', path);
    return NOTHING;
  }
  const checks: SessionCheck[] = [];
  for (const { session_id, manifests } of pack.sessions) {
    const check = new SessionCheck(source, session_id, pack.case_id);
    await check.run(manifests);
    checks.push(check);
  }
  await checkFiles(source, pack, new Set(checks.flatMap((check) => [...check.recordingPaths])));
  return {
    sessions: checks.map((check) => check.report),
    gaps: checks.flatMap((check) => check.gaps),
    manifests: new Map(checks.map((check) => [check.sessionId, check.manifests])),
  };
}
