/** The checkpoints of one inspection, each citing the one before, and what devices signed (`recorder/proof/checkpoint_chain.py`). */
import { utf8 } from './encoding';
import { isSignedBy, type Jwk } from './jws';
import type { SessionReport } from './report';
import { SHAPES, type Shape } from './shapes';
import type { Source } from './source';
import type { Checkpoint, Countersignature, Countersigned, ListedCheckpoint } from './statements';

const NAMING_DEVICES = new Map([
  ['proofcall-checkpoint-2', true],
  ['proofcall-checkpoint-1', false],
]);

/** Keys by participant and the key's name. */
export class DeviceKeys {
  private readonly keys = new Map<string, Jwk>();

  set(participantId: string, kid: string, key: Jwk): void {
    this.keys.set(JSON.stringify([participantId, kid]), key);
  }

  get(participantId: string, kid: string): Jwk | undefined {
    return this.keys.get(JSON.stringify([participantId, kid]));
  }
}

/** A checkpoint: what it says, the SHA-256 of its body, and how the package lists it. */
export interface Cited<Listed extends ListedCheckpoint> {
  readonly said: Checkpoint;
  readonly digest: string;
  readonly listed: Listed;
}

export class CheckpointChain {
  readonly path: string;

  constructor(
    private readonly source: Source,
    private readonly report: SessionReport,
  ) {
    this.path = `${report.session_id}/checkpoints.json`;
  }

  /** The file that lists them; null, and a problem, without it. */
  async listing<T extends { format: string; session_id: string }>(shape: Shape, format: string): Promise<T | null> {
    const listed = await this.source.json<T>(this.path, shape);
    if (!listed) return null;
    if (listed.format === format && listed.session_id === this.report.session_id) return listed;
    this.source.blame('place', this.path);
    return null;
  }

  /** What they state, in order; null if one is bad. */
  async read<Listed extends ListedCheckpoint>(listed: readonly Listed[], fromTheFirst: boolean): Promise<Cited<Listed>[] | null> {
    const cited: Cited<Listed>[] = [];
    let number = 1;
    for (const one of listed) {
      const found: { said: Checkpoint; digest: string } | null = await this.source.statement<Checkpoint>(utf8(one.jws), 'proofcall-checkpoint+json', SHAPES.checkpoint, this.path, number);
      if (!found) return null;
      const { said, digest } = found;
      let previous = cited.at(-1)?.digest ?? null;
      if (cited.length === 0 && !fromTheFirst) {
        number = Math.max(said.number, 1);
        previous = said.previous;
      }
      if (said.session_id !== this.report.session_id || NAMING_DEVICES.get(said.format) !== (said.devices !== undefined)) this.source.blame('place', this.path, number);
      if (said.number !== number) this.source.blame('order', this.path, number);
      if (said.previous !== previous || (previous === null) !== (number === 1)) this.source.blame('previous', this.path, number);
      cited.push({ said, digest, listed: one });
      number++;
    }
    return cited;
  }

  /** Compare what devices signed with the checkpoint, and count it. */
  async checkCountersignatures({ said, digest, listed }: Cited<ListedCheckpoint>, keys: DeviceKeys): Promise<void> {
    for (const signature of listed.countersignatures) await this.checkCountersignature(signature, digest, said.number, keys);
  }

  private async checkCountersignature(one: Countersigned, digest: string, at: number, keys: DeviceKeys): Promise<void> {
    const person = one.participant_id;
    const jws = this.source.jws(utf8(one.jws), this.path, at);
    if (!jws) return;
    const key = keys.get(person, jws.kid);
    if (!key) {
      this.source.blame('device_key', this.path, at);
      return;
    }
    if (jws.typ !== 'proofcall-countersignature+json' || !(await isSignedBy(jws, key))) {
      this.source.blame('signature', this.path, at);
      return;
    }
    const said = this.source.value<Countersignature>(jws.payload, SHAPES.countersignature, this.path, at);
    if (!said) return;
    if (said.checkpoint_sha256 !== digest || said.participant_id !== person) {
      this.source.blame('place', this.path, at);
      return;
    }
    this.report.countersigned[person] = (this.report.countersigned[person] ?? 0) + 1;
  }
}
