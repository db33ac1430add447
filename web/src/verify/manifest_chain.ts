/** The manifests of one inspection, each citing the one before, and their receipts (`recorder/proof/manifest_chain.py`). */
import { fromHex, toHex } from './encoding';
import { SHAPES } from './shapes';
import type { Source } from './source';
import type { Manifest, Receipt } from './statements';
import { treeRoot } from './tree';

export class ManifestChain {
  /** By number: the body's digest and the signer. */
  readonly digests = new Map<number, { digest: string; kid: string }>();

  constructor(
    private readonly source: Source,
    private readonly sessionId: string,
    private readonly caseId: string,
  ) {}

  /** What they state, in order; empty if one is bad. */
  async read(count: number): Promise<Manifest[]> {
    const stated: Manifest[] = [];
    let previous: string | null = null;
    if (count === 0) this.source.blame('missing', this.path('manifest-0.jws'));
    for (let number = 0; number < Math.min(count, this.source.entries.size); number++) {
      const path = this.path(`manifest-${number}.jws`);
      const bytes = await this.source.text(path);
      const found = bytes && (await this.source.statement<Manifest>(bytes, 'proofcall-manifest+json', SHAPES.manifest, path));
      if (!found) return [];
      const { said, digest, kid } = found;
      if (said.format !== 'proofcall-manifest-1') {
        this.source.blame('format', path);
        return [];
      }
      if (said.session_id !== this.sessionId || said.case_id !== this.caseId) {
        this.source.blame('place', path);
        return [];
      }
      if (said.number !== number) this.source.blame('order', path);
      if (said.previous !== previous) this.source.blame('previous', path);
      this.digests.set(number, { digest, kid });
      await this.checkReceipt(number, digest);
      previous = digest;
      stated.push(said);
    }
    return stated;
  }

  /** Compare the manifest's root with those of its recordings. */
  async checkRoot(manifest: Manifest): Promise<void> {
    const root = await treeRoot(manifest.recordings.map((recording) => fromHex(recording.root)));
    if (toHex(root) !== manifest.root) this.source.blame('root', this.path(`manifest-${manifest.number}.jws`));
  }

  private path(name: string): string {
    return `${this.sessionId}/${name}`;
  }

  private async checkReceipt(number: number, digest: string): Promise<void> {
    const path = this.path(`receipt-${number}.txt`);
    const bytes = await this.source.text(path);
    const found = bytes && (await this.source.statement<Receipt>(bytes, 'proofcall-receipt+json', SHAPES.receipt, path));
    if (!found) return;
    const { session_id, number: numbered, manifest_sha256 } = found.said;
    if (session_id !== this.sessionId || numbered !== number || manifest_sha256 !== digest) this.source.blame('receipt', path);
  }
}
