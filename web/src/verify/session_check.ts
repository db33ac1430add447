/** One inspection of a package: log, recordings, manifests, checkpoints, photographs (`recorder/proof/session_check.py`). */
import { CheckpointChain, DeviceKeys } from './checkpoint_chain';
import { canonical, crc32OfParts, Malformed, sha256, sha256Hex, toHex, utf8, type Json } from './encoding';
import { checkPublicJwk, thumbprint } from './jws';
import { eventHash, GENESIS, isOpen } from './log_events';
import { ManifestChain } from './manifest_chain';
import type { Gap, SessionReport } from './report';
import { fits, SHAPES } from './shapes';
import type { Source } from './source';
import { admitted, checkStills, notComplete } from './stated_evidence';
import type { Checkpoints, DeviceKey, Grown, Head, Log, LogEvent, Manifest, StatedRecording, Table } from './statements';
import { Frontier } from './tree';

export const MAX_FRAGMENT_BYTES = 64 * 1024 * 1024;

export class SessionCheck {
  readonly report: SessionReport;
  readonly gaps: Gap[] = [];
  readonly recordingPaths = new Set<string>();
  readonly manifests: ManifestChain;
  private readonly logHashes: string[] = [];
  private readonly deviceKeys = new DeviceKeys();
  private readonly roots = new Map<string, string[]>();
  private readonly tables = new Map<string, Table>();

  constructor(
    private readonly source: Source,
    readonly sessionId: string,
    caseId: string,
  ) {
    this.manifests = new ManifestChain(source, sessionId, caseId);
    this.report = { session_id: sessionId, manifests: 0, recordings: 0, fragments: 0, stills: 0, events: 0, withheld: 0, checkpoints: 0, countersigned: {} };
  }

  async run(manifests: number): Promise<void> {
    await this.checkLog();
    const stated = await this.manifests.read(manifests);
    this.report.manifests = stated.length;
    const last = stated.at(-1);
    if (!last) return;
    for (const recording of last.recordings) await this.checkRecording(recording);
    for (const manifest of stated) await this.checkManifest(manifest);
    await this.checkCheckpoints(stated, last);
    await checkStills(this.source, last.stills, this.report);
    this.gaps.push(...admitted(this.sessionId, last.gaps, last.stills), ...notComplete(this.sessionId, last));
  }

  private path(name: string): string {
    return `${this.sessionId}/${name}`;
  }

  private async checkLog(): Promise<void> {
    const path = this.path('log.json');
    const log = await this.source.json<Log>(path, SHAPES.log);
    if (!log) return;
    if (log.format !== 'proofcall-log-1' || log.session_id !== this.sessionId) {
      this.source.blame('place', path);
      return;
    }
    let previous = GENESIS;
    for (const [index, event] of log.events.entries()) {
      const digest = await eventHash(event);
      if (event.seq !== index + 1 || event.prev !== previous || digest !== event.hash) this.source.blame('chain', path, index + 1);
      previous = event.hash;
      this.logHashes.push(previous);
      await this.openEvent(event, path);
    }
    this.report.events = log.events.length;
  }

  private async openEvent(event: LogEvent, path: string): Promise<void> {
    if (!(await isOpen(event, this.source, path, this.report))) return;
    const { payload, seq } = event;
    if (event.kind !== 'device_key' || !fits(payload, SHAPES.device_key)) return;
    const said = payload as unknown as DeviceKey;
    try {
      const jwk = await checkPublicJwk(said.jwk);
      this.deviceKeys.set(said.participant_id, await thumbprint(jwk), jwk);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.source.blame('payload', path, seq);
    }
  }

  private async checkRecording(recording: StatedRecording): Promise<void> {
    const { recording_id: id } = recording;
    const path = this.path(`recordings/${id}.${recording.container}`);
    const tablePath = this.path(`recordings/${id}.json`);
    this.recordingPaths.add(path);
    const table = await this.source.json<Table>(tablePath, SHAPES.table);
    const entry = this.source.entries.get(path);
    if (!entry) this.source.blame('missing', path);
    if (!table || !entry) return;
    if (table.format !== 'proofcall-fragments-1' || table.recording_id !== id) {
      this.source.blame('place', tablePath);
      return;
    }
    this.tables.set(id, table);
    if (table.fragments.length !== recording.fragments) this.source.blame('table', tablePath);
    const parts = [{ bytes: table.init_bytes, sha256: recording.init_sha256 }, ...table.fragments];
    const frontier = new Frontier();
    const roots: string[] = [];
    const checksum = crc32OfParts();
    let at = entry.start;
    for (const [number, part] of parts.entries()) {
      const end = at + part.bytes;
      if (end > entry.end || part.bytes > MAX_FRAGMENT_BYTES) {
        this.source.blame('fragment', path, number);
        return;
      }
      const bytes = await this.source.read(at, end);
      checksum.add(bytes);
      const found = await sha256(bytes);
      if (toHex(found) !== part.sha256) this.source.blame('fragment', path, number);
      if (number > 0 && table.fragments[number - 1]?.no !== number) this.source.blame('order', tablePath, number);
      await frontier.append(found);
      roots.push(toHex(await frontier.root()));
      at = end;
    }
    if (at !== entry.end) this.source.blame('fragment', path, parts.length);
    if (at === entry.end && checksum.value() !== entry.crc) this.source.blame('checksum', path);
    this.roots.set(id, roots);
    this.report.recordings++;
    this.report.fragments += table.fragments.length;
  }

  private async checkManifest(manifest: Manifest): Promise<void> {
    const path = this.path(`manifest-${manifest.number}.jws`);
    for (const recording of manifest.recordings) {
      this.checkRoot(recording, path);
      const table = this.tables.get(recording.recording_id);
      if (table) {
        const shown = { ...table, fragments: table.fragments.slice(0, recording.fragments) } as unknown as Json;
        if ((await sha256Hex(utf8(canonical(shown)))) !== recording.table_sha256) this.source.blame('table', this.path(`recordings/${recording.recording_id}.json`));
      }
    }
    await this.manifests.checkRoot(manifest);
    this.checkHead(manifest.log, path);
  }

  private checkRoot(grown: Grown, path: string, at: number | null = null): void {
    const roots = this.roots.get(grown.recording_id);
    if (!roots) {
      if (!this.tables.has(grown.recording_id)) this.source.blame('shrunk', path, at);
    } else if (grown.fragments >= roots.length) {
      this.source.blame('shrunk', path, at);
    } else if (roots[grown.fragments] !== grown.root) {
      this.source.blame('root', path, at);
    }
  }

  private checkHead(head: Head, path: string, at: number | null = null): void {
    const known = [null, ...this.logHashes];
    if (head.last_seq >= known.length || head.hash !== known[head.last_seq]) this.source.blame('log_head', path, at);
  }

  private async checkCheckpoints(stated: readonly Manifest[], last: Manifest): Promise<void> {
    const chain = new CheckpointChain(this.source, this.report);
    const listing = await chain.listing<Checkpoints>(SHAPES.checkpoints, 'proofcall-checkpoints-1');
    const read = listing && (await chain.read(listing.checkpoints, true));
    if (!read) return;
    for (const one of read) {
      for (const recording of one.said.recordings) this.checkRoot(recording, chain.path, one.said.number);
      this.checkHead(one.said.log, chain.path, one.said.number);
      await chain.checkCountersignatures(one, this.deviceKeys);
    }
    this.report.checkpoints = read.length;
    const digests = [null, ...read.map((one) => one.digest)];
    if (stated.some((manifest) => !digests.includes(manifest.checkpoint)) || last.checkpoint !== digests.at(-1)) this.source.blame('previous', chain.path);
  }
}
