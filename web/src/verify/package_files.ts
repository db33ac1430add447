/** What the checks of a whole package and of a part share (`recorder/proof/package_files.py`). */
import type { ManifestChain } from './manifest_chain';
import type { Gap, PartFound, SessionReport } from './report';
import type { Source } from './source';

interface Listing {
  readonly files: readonly { path: string; bytes: number; sha256?: string }[];
}

/** What was found of the sessions; problems are in the source. */
export interface Checked {
  readonly sessions: readonly SessionReport[];
  readonly gaps: readonly Gap[];
  readonly manifests: ReadonlyMap<string, ManifestChain>;
  readonly part?: PartFound | null;
}

export const NOTHING: Checked = { sessions: [], gaps: [], manifests: new Map() };

/** Whether the statement's list of files is in order, without a repeat. */
export function listsEachOnce({ files }: Listing): boolean {
  const paths = files.map((file) => file.path);
  return JSON.stringify(paths) === JSON.stringify([...new Set(paths)].sort());
}

/** Compare the files with the statement's list; `recordings` were checked by fragments. */
export async function checkFiles(source: Source, { files }: Listing, recordings: ReadonlySet<string>): Promise<void> {
  for (const { path, bytes, sha256 } of files) {
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
  const listed = new Set(files.map((file) => file.path));
  for (const [path, entry] of source.entries) {
    if (path === 'package.jws') await source.digest(entry);
    else if (!listed.has(path)) source.blame('unlisted', path);
  }
}
