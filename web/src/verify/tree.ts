/** The Merkle tree over a recording's fragments (RFC 9162, section 2.1), as it grows. */
import { joined, sha256, toHex } from './encoding';

type Hash = Uint8Array<ArrayBuffer>;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export class Frontier {
  private size = 0;
  private readonly peaks: Hash[] = [];

  /** Add an entry at the end. */
  async append(entry: Hash): Promise<void> {
    let node = await sha256(joined(LEAF, entry));
    for (let size = this.size; size & 1; size >>= 1) node = await sha256(joined(NODE, this.peaks.pop() as Hash, node));
    this.peaks.push(node);
    this.size++;
  }

  /** The root over all entries so far. */
  async root(): Promise<Hash> {
    let root = this.peaks.at(-1);
    if (!root) return sha256(new Uint8Array());
    for (const peak of this.peaks.slice(0, -1).reverse()) root = await sha256(joined(NODE, peak, root));
    return root;
  }
}

export async function treeRoot(entries: readonly Hash[]): Promise<Hash> {
  const frontier = new Frontier();
  for (const entry of entries) await frontier.append(entry);
  return frontier.root();
}

/** Whether `entry` is at `index` of the tree of `size` (RFC 9162, 2.1.3.2). */
export async function verifyInclusion(entry: Hash, index: number, size: number, proof: readonly Hash[], root: Hash): Promise<boolean> {
  if (index >= size) return false;
  // Numbers of fragments are below 2 ** 53: shifts are divisions.
  let [position, last, node] = [index, size - 1, await sha256(joined(LEAF, entry))];
  const up = () => {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  };
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      node = await sha256(joined(NODE, sibling, node));
      while (position > 0 && position % 2 === 0) up();
    } else {
      node = await sha256(joined(NODE, node, sibling));
    }
    up();
  }
  return last === 0 && toHex(node) === toHex(root);
}

/** A tree by its size and root. */
export interface Tree {
  readonly size: number;
  readonly root: Hash;
}

/** Whether a tree grew into another (RFC 9162, 2.1.4.2). */
export async function verifyConsistency(before: Tree, after: Tree, proof: readonly Hash[]): Promise<boolean> {
  if (before.size < 1 || before.size > after.size) return false;
  if (before.size === after.size) return proof.length === 0 && toHex(before.root) === toHex(after.root);
  let [position, last] = [before.size - 1, after.size - 1];
  const up = () => {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  };
  while (position % 2 === 1) up();
  // Of a perfect tree the older root itself is the first node: then all that is left of its number is 0.
  const [first, ...path] = position === 0 ? [before.root, ...proof] : proof;
  if (!first) return false;
  let [old, grown] = [first, first];
  for (const node of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      old = await sha256(joined(NODE, node, old));
      grown = await sha256(joined(NODE, node, grown));
      while (position > 0 && position % 2 === 0) up();
    } else {
      grown = await sha256(joined(NODE, grown, node));
    }
    up();
  }
  return last === 0 && toHex(old) === toHex(before.root) && toHex(grown) === toHex(after.root);
}
