/** The session log as a reviewer reads it: placed in time, grouped, stills and their cutting as one. Pure. */
import type { EventOf, SessionEvent } from '../base/protocol/session';
import type { Timeline } from '../base/protocol/timeline';

export type Group = 'talk' | 'marks' | 'people' | 'gaps' | 'proof';
export const GROUPS: readonly Group[] = ['talk', 'marks', 'people', 'gaps', 'proof'];

export interface StillProof {
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  readonly recordingId: string;
  readonly recordingMs: number;
}

export interface Still {
  readonly stillId: string;
  readonly seq: number | null;
  readonly wallMs: number;
  readonly participantId: string;
  /** The evidence; null as long as it is only wanted, or when it could not be cut. */
  readonly image: string | null;
  /** What the host's browser showed. */
  readonly preview: string | null;
  readonly proof: StillProof | null;
  readonly failed: string | null;
}

export interface Entry {
  readonly seq: number;
  readonly wallMs: number;
  readonly group: Group;
  readonly event: SessionEvent;
  readonly still: Still | null;
}

const GROUP_OF: Readonly<Partial<Record<SessionEvent['kind'], Group>>> = {
  message: 'talk',
  marker: 'marks',
  still_taken: 'marks',
  finding: 'marks',
  finding_answer: 'marks',
  session_opened: 'people',
  joined: 'people',
  host_took: 'people',
  host_released: 'people',
  observer_invited: 'people',
  observer_link_revoked: 'people',
  observer_removed: 'people',
  voice: 'people',
  handover_asked: 'people',
  handover_accepted: 'people',
  handover_ended: 'people',
  host_changed: 'people',
  presence: 'people',
  peer_connected: 'people',
  peer_lost: 'gaps',
  media_state: 'people',
  bench_attached: 'people',
  bench_detached: 'people',
  sound_asked: 'people',
  sound_answered: 'people',
  device_asked: 'people',
  device_answered: 'people',
  consent_given: 'proof',
  consent_withdrawn: 'proof',
  recording_opened: 'proof',
  gap: 'gaps',
  verdict: 'proof',
  ended: 'people',
  device_key: 'proof',
  sealed: 'proof',
  time_stamped: 'proof',
};

/** The moment an event speaks of, which is not always the one at which it was written. */
export function momentOf(event: SessionEvent): number {
  const written = Date.parse(event.at);
  if (event.kind === 'marker' || event.kind === 'still_taken') return event.payload.at_ms ?? written;
  if (event.kind === 'gap') return event.payload.from_ms;
  if (event.kind === 'recording_opened') return event.payload.t0_ms;
  return written;
}

export function stillsOf(timeline: Pick<Timeline, 'stills' | 'events'>): Still[] {
  const taken = new Map<string, EventOf<'still_taken'>>();
  const cut = new Map<string, EventOf<'still_cut'>>();
  const failed = new Map<string, EventOf<'still_failed'>>();
  for (const event of timeline.events) {
    if (event.kind === 'still_taken') taken.set(event.payload.still_id, event);
    else if (event.kind === 'still_cut') cut.set(event.payload.still_id, event);
    else if (event.kind === 'still_failed') failed.set(event.payload.still_id, event);
  }
  return timeline.stills
    .map((still): Still => {
      const proof = cut.get(still.still_id)?.payload;
      return {
        stillId: still.still_id,
        seq: taken.get(still.still_id)?.seq ?? null,
        wallMs: still.at_ms,
        participantId: still.participant_id,
        image: still.image,
        preview: still.preview,
        proof: proof
          ? { sha256: proof.sha256, width: proof.width, height: proof.height, recordingId: proof.recording_id, recordingMs: proof.recording_ms }
          : null,
        failed: failed.get(still.still_id)?.payload.reason ?? null,
      };
    })
    .sort((a, b) => a.wallMs - b.wallMs);
}

/** Entries in order of the moments they speak of; kinds this page does not know are left out. */
export function entriesOf(timeline: Pick<Timeline, 'stills' | 'events'>, stills: readonly Still[]): Entry[] {
  const byId = new Map(stills.map((still) => [still.stillId, still]));
  const entries: Entry[] = [];
  for (const event of timeline.events) {
    const group = GROUP_OF[event.kind];
    if (group === undefined) continue;
    const still = event.kind === 'still_taken' ? (byId.get(event.payload.still_id) ?? null) : null;
    entries.push({ seq: event.seq, wallMs: still?.wallMs ?? momentOf(event), group, event, still });
  }
  return entries.sort((a, b) => a.wallMs - b.wallMs || a.seq - b.seq);
}

/** The stills by the id of the participant whose picture they are. */
export function stillsByPerson(entries: readonly Entry[]): ReadonlyMap<string, readonly Still[]> {
  const found = new Map<string, Still[]>();
  for (const { still } of entries) if (still) found.set(still.participantId, [...(found.get(still.participantId) ?? []), still]);
  return found;
}

/** The next marker (or still) after a moment, or the one before it; null when there is none. */
export function neighbourMark(entries: readonly Entry[], kind: 'marker' | 'still_taken', wallMs: number, direction: 1 | -1): Entry | null {
  const marks = entries.filter((entry) => entry.event.kind === kind);
  // A jump lands on the frame at or just before the mark: a second jump must go on from there.
  if (direction === 1) return marks.find((entry) => entry.wallMs > wallMs + 250) ?? null;
  return [...marks].reverse().find((entry) => entry.wallMs < wallMs - 250) ?? null;
}

/** Missing time per participant and together, in milliseconds. */
export function gapsAdmitted(gaps: Timeline['gaps']): { count: number; totalMs: number } {
  return { count: gaps.length, totalMs: gaps.reduce((sum, gap) => sum + Math.max(0, gap.to_ms - gap.from_ms), 0) };
}

export function sealOf(events: readonly SessionEvent[]): EventOf<'sealed'> | null {
  for (let i = events.length - 1; i >= 0; i -= 1) {
    const event = events[i];
    if (event?.kind === 'sealed') return event;
  }
  return null;
}

/** When an authority first witnessed the newest manifest that it did. */
export function witnessedAt(events: readonly SessionEvent[]): string | null {
  const first = events.filter((event): event is EventOf<'time_stamped'> => event.kind === 'time_stamped' && event.payload.renewal === 0);
  return first.reduce<EventOf<'time_stamped'> | null>((newest, one) => (newest && newest.payload.number > one.payload.number ? newest : one), null)?.payload.stamped_at ?? null;
}
