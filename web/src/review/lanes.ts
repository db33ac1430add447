/** From the server's timeline to what the player plays: pure. */
import type { Timeline } from '../base/protocol/timeline';
import type { Direction } from '../base/protocol/words';
import { soundClock } from './sync';
import type { Lane, Part } from './sync';

const ORDER: Readonly<Record<string, number>> = { buyer: 0, host: 1, bench: 2, observer: 3 };

/** Buyer and host always have a lane, also when nothing was recorded of them; others when recorded. */
export function lanesOf(timeline: Pick<Timeline, 'events' | 'recordings' | 'gaps'>): Lane[] {
  const people = new Map<string, { role: string; name: string; aspect: number; parts: Part[] }>();
  for (const event of timeline.events) {
    if (event.kind !== 'joined' || (event.payload.role !== 'buyer' && event.payload.role !== 'host')) continue;
    people.set(event.payload.participant_id, { role: event.payload.role, name: event.payload.name, aspect: 1, parts: [] });
  }
  for (const recording of [...timeline.recordings].sort((a, b) => a.start_ms - b.start_ms || a.part - b.part)) {
    const { id, role, name } = recording.participant;
    const person = people.get(id) ?? { role, name, aspect: 1, parts: [] };
    if (recording.width > 0 && recording.height > 0) person.aspect = recording.width / recording.height;
    people.set(id, person);
    person.parts.push({
      recordingId: recording.recording_id,
      url: recording.url,
      startMs: recording.start_ms,
      durationMs: recording.duration_ms,
      clock: soundClock(recording.clock),
    });
  }
  return [...people]
    .map(([participantId, person]) => ({
      participantId,
      role: person.role,
      name: person.name,
      aspect: person.aspect,
      parts: person.parts,
      gaps: timeline.gaps
        .filter((gap) => gap.participant_id === participantId)
        .map((gap) => ({ recordingId: gap.recording_id ?? null, fromMs: gap.from_ms, toMs: gap.to_ms, cause: gap.cause }))
        .sort((a, b) => a.fromMs - b.fromMs),
    }))
    .sort((a, b) => (ORDER[a.role] ?? 4) - (ORDER[b.role] ?? 4));
}

/** Whoever shows the goods is stepped frame by frame. */
export function leadOf(lanes: readonly Lane[], direction: Direction): string {
  const role = direction === 'buyer_shows' ? 'buyer' : 'host';
  const recorded = lanes.filter((lane) => lane.parts.length > 0);
  return (recorded.find((lane) => lane.role === role) ?? recorded[0] ?? lanes[0])?.participantId ?? '';
}

/** Where a replay begins: at the first picture of anybody, not in the wait before it. */
export function firstPictureMs(timeline: Timeline): number {
  const pictures = timeline.recordings.filter((recording) => recording.width > 0);
  const first = Math.min(...(pictures.length > 0 ? pictures : timeline.recordings).map((recording) => recording.start_ms));
  return Number.isFinite(first) ? first : timeline.start_ms;
}

/** The span that the timeline shows: everything recorded, whatever the server calls start and end. */
export function spanOf(timeline: Timeline): { startMs: number; endMs: number } {
  const starts = timeline.recordings.map((r) => r.start_ms);
  const ends = timeline.recordings.map((r) => r.start_ms + r.duration_ms);
  const startMs = Math.min(timeline.start_ms, ...starts);
  return { startMs, endMs: Math.max(startMs + 1000, timeline.end_ms, ...ends) };
}
