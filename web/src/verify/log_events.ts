/** One event of a session log as a package shows it: its hash, and whether its words fit. */
import { canonical, fromHex, joined, sha256Hex, utf8 } from './encoding';
import type { SessionReport } from './report';
import type { Source } from './source';
import type { LogEvent } from './statements';

export const GENESIS = '0'.repeat(64);

/** What the next event must cite. */
export function eventHash({ prev, seq, kind, visibility, at, actor, commitment }: LogEvent): Promise<string> {
  return sha256Hex(utf8(canonical({ prev, seq, kind, visibility, at, actor, commitment })));
}

/** Whether the event's words are here and are those committed to; notes what is wrong. */
export async function isOpen({ salt, payload, seq, commitment }: LogEvent, source: Source, path: string, report: SessionReport): Promise<boolean> {
  if (salt === null) {
    if (payload !== null) source.blame('payload', path, seq);
    report.withheld++;
    return false;
  }
  if ((await sha256Hex(joined(fromHex(salt), utf8(canonical(payload))))) === commitment) return true;
  source.blame('payload', path, seq);
  return false;
}
