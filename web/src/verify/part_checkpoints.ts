/** Checkpoints in a part: of its time, that they are of the sealed recordings, and by whom (`recorder/proof/part_checkpoints.py`). */
import { CheckpointChain, DeviceKeys, type Cited } from './checkpoint_chain';
import { fromHex, Malformed } from './encoding';
import { checkPublicJwk, thumbprint } from './jws';
import type { Scope } from './part_scope';
import type { SessionReport } from './report';
import { SHAPES } from './shapes';
import type { Source } from './source';
import type { CheckpointsOfPart, DeviceKey, Grown, Head, Manifest, ProvenCheckpoint, StatedRecording } from './statements';
import { verifyConsistency, type Tree } from './tree';

export class PartCheckpoints {
  private readonly chain: CheckpointChain;

  /** `log` are the hashes of the part's events by number, from the one before the first. */
  constructor(
    private readonly source: Source,
    private readonly scope: Scope,
    private readonly report: SessionReport,
    private readonly log: ReadonlyMap<number, string | null>,
  ) {
    this.chain = new CheckpointChain(source, report);
  }

  get path(): string {
    return this.chain.path;
  }

  async run(manifest: Manifest): Promise<void> {
    const listing = await this.chain.listing<CheckpointsOfPart>(SHAPES.checkpoints_part, 'proofcall-checkpoints-part-1');
    if (!listing) return;
    const read = await this.chain.read(listing.checkpoints, false);
    if (!read) return;
    // Without the links up to the sealed one, any could have been made later.
    if (manifest.checkpoint !== (read.at(-1)?.digest ?? null)) this.source.blame('previous', this.path);
    const first = read[0]?.said;
    // What was before it may be of the part, too.
    if (first && first.number > 1 && !this.scope.isBefore(first)) this.source.blame('moments', this.path, first.number);
    const keys = await this.deviceKeys(listing.devices, read);
    const [from, to] = this.scope.checkpoints(read.map((one) => one.said));
    const sealed = new Map(manifest.recordings.map((one) => [one.recording_id, one]));
    for (const [place, one] of read.entries()) {
      await this.checkGrowth(one, sealed, from <= place && place < to);
      this.checkHead(one.said.log, one.said.number);
      await this.chain.checkCountersignatures(one, keys);
    }
    this.report.checkpoints = Math.max(to - from, 0);
  }

  /** Those that the checkpoints name: a key made up later stands in none of them. */
  private async deviceKeys(devices: readonly DeviceKey[], read: readonly Cited<ProvenCheckpoint>[]): Promise<DeviceKeys> {
    const named = new Set(read.flatMap((one) => one.said.devices ?? []).map(({ participant_id, kid }) => JSON.stringify([participant_id, kid])));
    const keys = new DeviceKeys();
    for (const { participant_id, jwk } of devices) {
      try {
        const key = await checkPublicJwk(jwk);
        const kid = await thumbprint(key);
        if (named.has(JSON.stringify([participant_id, kid]))) keys.set(participant_id, kid, key);
        else this.source.blame('device_key', this.path);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        this.source.blame('device_key', this.path);
      }
    }
    return keys;
  }

  /** Whether every recording that was sealed grew from what the checkpoint states. */
  private async checkGrowth({ said, listed }: Cited<ProvenCheckpoint>, sealed: ReadonlyMap<string, StatedRecording>, isShown: boolean): Promise<void> {
    const { recordings, number } = said;
    const { proofs, countersignatures } = listed;
    if (!isShown && (proofs.length > 0 || countersignatures.length > 0)) {
      this.source.blame('moments', this.path, number);
      return;
    }
    const named = JSON.stringify(proofs.map((one) => one.recording_id));
    if (isShown && named !== JSON.stringify(recordings.map((one) => one.recording_id))) {
      this.source.blame('order', this.path, number);
      return;
    }
    for (const [at, before] of recordings.entries()) {
      const after = sealed.get(before.recording_id);
      if (!after || before.fragments > after.fragments) this.source.blame('shrunk', this.path, number);
      else if (isShown && !(await grew(before, after, proofs[at]?.path ?? []))) this.source.blame('root', this.path, number);
    }
  }

  /** Compare with the links of the log that are here; of earlier ones nothing is known. */
  private checkHead({ last_seq, hash }: Head, at: number): void {
    const [first] = this.log.keys();
    if (first === undefined || last_seq < first) return;
    if (hash !== this.log.get(last_seq)) this.source.blame('log_head', this.path, at);
  }
}

function grew(before: Grown, after: Grown, path: readonly string[]): Promise<boolean> {
  // The initialisation is an entry, too.
  const [old, grown] = [before, after].map(({ fragments, root }) => ({ size: fragments + 1, root: fromHex(root) })) as [Tree, Tree];
  return verifyConsistency(old, grown, path.map(fromHex));
}
