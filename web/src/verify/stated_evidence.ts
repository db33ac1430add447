/** Photographs and gaps as a manifest states them, of whole packages and of parts (`recorder/proof/stated_evidence.py`). */
import type { Gap, SessionReport } from './report';
import type { Source } from './source';
import type { Manifest, StatedGap, StatedStill } from './statements';

/** Compare the photographs with what is stated of them; gives their paths. */
export async function checkStills(source: Source, stills: readonly StatedStill[], report: SessionReport): Promise<string[]> {
  const paths: string[] = [];
  for (const still of stills) {
    if (still.state !== 'cut') continue;
    const path = `${report.session_id}/stills/${still.still_id}.jpg`;
    paths.push(path);
    const entry = source.entries.get(path);
    if (!entry) {
      source.blame('missing', path);
      continue;
    }
    if ((await source.digest(entry)) !== still.sha256) source.blame('still', path);
    report.stills++;
  }
  return paths;
}

/** What is stated to be missing. */
export function admitted(session_id: string, gaps: readonly StatedGap[], stills: readonly StatedStill[]): Gap[] {
  return [
    ...gaps.map(({ participant_id, from_ns, to_ns, cause }) => ({ session_id, participant_id, from_ns, to_ns, cause })),
    ...stills
      .filter((one) => one.state !== 'cut')
      .map(({ participant_id, at_ns, state }) => ({ session_id, participant_id, from_ns: at_ns, to_ns: at_ns, cause: `still_${state}` })),
  ];
}

/** A manifest before which something was still on its way. */
export function notComplete(session_id: string, { complete }: Manifest): Gap[] {
  return complete ? [] : [{ session_id, participant_id: '', from_ns: '', to_ns: '', cause: 'incomplete' }];
}
