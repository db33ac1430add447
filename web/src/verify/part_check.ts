/** A package of a part: fragments with their proofs, and the links of log and checkpoints (`recorder/proof/part_check.py`). */
import { crc32OfParts, fromHex, sha256 } from './encoding';
import { eventHash, GENESIS, isOpen } from './log_events';
import { ManifestChain } from './manifest_chain';
import { AUTHORITIES, stampPaths } from './manifest_timestamps';
import { sampleMoments } from './moments';
import { checkFiles, listsEachOnce, NOTHING, type Checked } from './package_files';
import { PartCheckpoints } from './part_checkpoints';
import { hasReadableTimes, nsToMs, Scope } from './part_scope';
import type { Covered, Gap, SessionReport } from './report';
import { MAX_FRAGMENT_BYTES } from './session_check';
import { SHAPES } from './shapes';
import type { Source } from './source';
import { admitted, checkStills, notComplete } from './stated_evidence';
import type { Log, Manifest, Part, Proofs, StatedRecording } from './statements';
import { verifyInclusion } from './tree';

// The last picture of a recording is shown until after its moment: that is no gap.
const NO_GAP_MS = 250;

const PART = 'proofcall-part-2';
/** Without checkpoints and a report. */
const OLD_PART = 'proofcall-part-1';

/** Check a part, of which `bytes` are the statement. */
export async function checkPart(source: Source, bytes: Uint8Array): Promise<Checked> {
  const found = await source.statement<Part>(bytes, 'proofcall-part+json', SHAPES.part, 'package.jws');
  if (!found) return NOTHING;
  const part = found.said;
  if (![PART, OLD_PART].includes(part.format) || !listsEachOnce(part)) {
    source.blame('format', 'package.jws');
    return NOTHING;
  }
  const check = new PartCheck(source, part);
  await check.run();
  await checkFiles(source, part, check.recordingPaths);
  if (check.covered) for (const { path } of part.files) if (!check.expected.has(path)) source.blame('unlisted', path);
  const { session_id, asked } = part;
  return {
    sessions: [check.report],
    gaps: check.gaps,
    manifests: new Map([[session_id, check.manifests]]),
    part: check.covered && { session_id, from_ms: asked.from_ms, to_ms: asked.to_ms, covered: check.covered },
  };
}

class PartCheck {
  readonly report: SessionReport;
  readonly manifests: ManifestChain;
  readonly gaps: Gap[] = [];
  readonly recordingPaths = new Set<string>();
  /** Every file that belongs to the part. */
  readonly expected = new Set(['verify.html', 'keys.json']);
  /** Null until the part's people and moments are known to be the session's. */
  covered: Covered[] | null = null;
  private readonly scope: Scope;
  private readonly logHashes = new Map<number, string | null>();

  constructor(
    private readonly source: Source,
    private readonly part: Part,
  ) {
    const { session_id, case_id, participants, asked } = part;
    this.scope = new Scope(participants, asked.from_ms, asked.to_ms);
    this.manifests = new ManifestChain(source, session_id, case_id);
    this.report = { session_id, manifests: 0, recordings: 0, fragments: 0, stills: 0, events: 0, withheld: 0, checkpoints: 0, countersigned: {} };
  }

  async run(): Promise<void> {
    const stated = await this.manifests.read(this.part.manifests);
    this.report.manifests = stated.length;
    this.expected.add(this.path('log.json'));
    for (const [number, manifest] of stated.entries()) {
      await this.manifests.checkRoot(manifest);
      this.expected.add(this.path(`manifest-${number}.jws`)).add(this.path(`receipt-${number}.txt`));
      const stamps = stampPaths(this.source, { session_id: this.part.session_id, number });
      for (const path of stamps.length > 0 ? [...stamps, AUTHORITIES] : []) this.expected.add(path);
    }
    const last = stated.at(-1);
    if (!last) return;
    if (!hasReadableTimes(last)) {
      this.source.blame('format', this.path(`manifest-${last.number}.jws`));
      return;
    }
    if (!this.scope.fits(last)) {
      this.source.blame('moments', 'package.jws');
      return;
    }
    const covered = await this.checkRecordings(last);
    await this.checkLog(stated, last);
    if (this.part.format !== OLD_PART) {
      const checkpoints = new PartCheckpoints(this.source, this.scope, this.report, this.logHashes);
      await checkpoints.run(last);
      this.expected.add('report.pdf').add(checkpoints.path);
    }
    for (const path of await checkStills(this.source, this.scope.stills(last), this.report)) this.expected.add(path);
    this.admitGaps(last, covered);
    this.covered = covered;
  }

  private path(name: string): string {
    return `${this.part.session_id}/${name}`;
  }

  private async checkRecordings(manifest: Manifest): Promise<Covered[]> {
    const wanted = this.scope.recordings(manifest);
    const covered: Covered[] = [];
    for (const recording of wanted) {
      const found = await this.checkRecording(recording);
      if (found) covered.push(found);
    }
    const said = JSON.stringify(this.part.given.map(({ recording_id, from_ms, to_ms }) => [recording_id, from_ms, to_ms]));
    const proven = JSON.stringify(covered.map(({ recording_id, from_ms, to_ms }) => [recording_id, from_ms, to_ms]));
    if (covered.length === wanted.length && said !== proven) this.source.blame('moments', 'package.jws');
    return covered;
  }

  private async checkRecording(recording: StatedRecording): Promise<Covered | null> {
    const { recording_id: id, container } = recording;
    const path = this.path(`recordings/${id}.${container}`);
    const proofsPath = this.path(`recordings/${id}.json`);
    this.recordingPaths.add(path);
    this.expected.add(path).add(proofsPath);
    const proofs = await this.source.json<Proofs>(proofsPath, SHAPES.proofs);
    const entry = this.source.entries.get(path);
    if (!entry) this.source.blame('missing', path);
    if (!proofs || !entry) return null;
    if (proofs.format !== 'proofcall-proofs-1' || proofs.recording_id !== id) {
      this.source.blame('place', proofsPath);
      return null;
    }
    const numbers = proofs.leaves.map((leaf) => leaf.no);
    const first = numbers[1];
    const last = numbers.at(-1);
    if (first === undefined || last === undefined || !followEachOther(numbers)) {
      this.source.blame('order', proofsPath);
      return null;
    }
    const root = fromHex(recording.root);
    const moments: number[] = [];
    const checksum = crc32OfParts();
    let at = entry.start;
    for (const leaf of proofs.leaves) {
      const end = at + leaf.bytes;
      if (end > entry.end || leaf.bytes > MAX_FRAGMENT_BYTES) {
        this.source.blame('fragment', path, leaf.no);
        return null;
      }
      const bytes = await this.source.read(at, end);
      checksum.add(bytes);
      if (!(await verifyInclusion(await sha256(bytes), leaf.no, recording.fragments + 1, leaf.path.map(fromHex), root))) {
        this.source.blame('fragment', path, leaf.no);
      } else if (leaf.no === first || leaf.no === last) {
        const found = sampleMoments(container, bytes);
        if (found) moments.push(...found);
        else this.source.blame('unread_moment', path, leaf.no);
      }
      at = end;
    }
    if (at !== entry.end) this.source.blame('fragment', path, last + 1);
    else if (checksum.value() !== entry.crc) this.source.blame('checksum', path);
    this.report.recordings++;
    this.report.fragments += numbers.length - 1;
    const [begins, ends] = [moments[0], moments.at(-1)];
    if (begins === undefined || ends === undefined) return null;
    const t0 = nsToMs(recording.t0_ns);
    const [from_ms, to_ms] = [t0 + begins, t0 + ends];
    const startsEarly = first === 1 || from_ms <= this.scope.fromMs;
    const endsLate = last === recording.fragments || to_ms >= this.scope.toMs;
    if (!startsEarly || !endsLate) this.source.blame('moments', path);
    return { recording_id: id, participant_id: recording.participant_id, from_ms, to_ms };
  }

  private async checkLog(stated: readonly Manifest[], newest: Manifest): Promise<void> {
    const path = this.path('log.json');
    const log = await this.source.json<Log>(path, SHAPES.log);
    if (!log) return;
    if (log.format !== 'proofcall-log-part-1' || log.session_id !== this.part.session_id) {
      this.source.blame('place', path);
      return;
    }
    const [first, last] = [log.events[0], log.events.at(-1)];
    if (!first || !last || (first.seq === 1 && first.prev !== GENESIS)) {
      this.source.blame('chain', path, 1);
      return;
    }
    // What was before it may be of the part, too.
    if (first.seq !== 1 && !this.scope.isBefore(first)) this.source.blame('moments', path, first.seq);
    const hashes = this.logHashes.set(first.seq - 1, first.seq > 1 ? first.prev : null);
    let number = first.seq;
    for (const event of log.events) {
      const follows = event.seq === number && event.prev === (hashes.get(number - 1) ?? GENESIS);
      if (!follows || (await eventHash(event)) !== event.hash) this.source.blame('chain', path, number);
      hashes.set(number, event.hash);
      number++;
      if (this.scope.has(event)) {
        await isOpen(event, this.source, path, this.report);
        this.report.events++;
      } else if (event.salt !== null || event.payload !== null) {
        this.source.blame('payload', path, event.seq);
      }
    }
    for (const manifest of stated) {
      const { last_seq, hash } = manifest.log;
      const known = hashes.get(last_seq) ?? null;
      const isNewest = manifest === newest;
      if (known === null && !isNewest && last_seq < first.seq) continue;
      if (known !== hash || (isNewest && last_seq !== last.seq)) this.source.blame('log_head', this.path(`manifest-${manifest.number}.jws`));
    }
  }

  private admitGaps(manifest: Manifest, covered: readonly Covered[]): void {
    const { session_id } = this.part;
    const fromMs = Math.min(this.scope.fromMs, ...covered.map((one) => one.from_ms));
    const toMs = Math.max(this.scope.toMs, ...covered.map((one) => one.to_ms));
    this.gaps.push(...admitted(session_id, this.scope.gaps(manifest, fromMs, toMs), this.scope.stills(manifest)));
    for (const participant_id of this.scope.participants) {
      for (const [start, end] of this.uncovered(participant_id, covered)) {
        this.gaps.push({ session_id, participant_id, from_ns: `${start}000000`, to_ns: `${end}000000`, cause: 'not_recorded' });
      }
    }
    this.gaps.push(...notComplete(session_id, manifest));
  }

  /** Times asked for at which there is no recording of a person. */
  private uncovered(person: string, covered: readonly Covered[]): [number, number][] {
    const { fromMs, toMs } = this.scope;
    const spans = covered.filter((one) => one.participant_id === person).map((one): [number, number] => [one.from_ms, one.to_ms]);
    spans.sort(([a, b], [c, d]) => a - c || b - d);
    const found: [number, number][] = [];
    let reached = fromMs;
    for (const [start, end] of [...spans, [toMs, toMs] as const]) {
      if (start - reached > NO_GAP_MS) found.push([reached, start]);
      reached = Math.max(reached, end);
    }
    return found;
  }
}

/** The initialisation, then at least one fragment, and none left out between two. */
function followEachOther(numbers: readonly number[]): boolean {
  return numbers[0] === 0 && (numbers[1] ?? 0) > 0 && numbers.slice(2).every((number, index) => number === (numbers[index + 1] as number) + 1);
}
