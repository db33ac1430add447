/** What of a sealed session belongs to a part: the people asked for, between two moments (`recorder/proof/part_scope.py`). */
import type { Manifest, StatedGap, StatedRecording, StatedStill } from './statements';

/** The end of the year 9999, the last that the log can write. */
const MAX_MS = 253_402_300_799_999;

/** An event of the log, or a checkpoint. */
interface Moment {
  readonly at: string;
}

/** A manifest's nanoseconds as whole milliseconds. */
export function nsToMs(text: string): number {
  return Number(BigInt(text) / 1_000_000n);
}

export function hasReadableTimes(manifest: Manifest): boolean {
  const told = [
    ...manifest.recordings.map((one) => one.t0_ns),
    ...manifest.stills.map((one) => one.at_ns),
    ...manifest.gaps.flatMap((one) => [one.from_ns, one.to_ns]),
  ];
  return told.every((one) => /^[0-9]{1,19}$/.test(one));
}

export class Scope {
  private readonly fromTime: string;
  private readonly toTime: string;

  /** Two moments, both included, in Unix milliseconds; and whose recordings. */
  constructor(
    readonly participants: readonly string[],
    readonly fromMs: number,
    readonly toMs: number,
  ) {
    this.fromTime = logTime(fromMs);
    this.toTime = logTime(toMs);
  }

  /** Whether these are moments, and people of the session, named in order and once. */
  fits(manifest: Manifest): boolean {
    const known = new Set(manifest.participants.map((one) => one.participant_id));
    const ordered = [...new Set(this.participants)].sort();
    return (
      this.fromMs <= this.toMs &&
      this.toMs <= MAX_MS &&
      this.participants.length > 0 &&
      JSON.stringify(this.participants) === JSON.stringify(ordered) &&
      this.participants.every((one) => known.has(one))
    );
  }

  recordings(manifest: Manifest): StatedRecording[] {
    return manifest.recordings.filter(
      (one) =>
        this.participants.includes(one.participant_id) &&
        one.fragments > 0 &&
        nsToMs(one.t0_ns) <= this.toMs &&
        (one.duration_ms === null || nsToMs(one.t0_ns) + one.duration_ms >= this.fromMs),
    );
  }

  stills(manifest: Manifest): StatedStill[] {
    return manifest.stills.filter((one) => this.participants.includes(one.participant_id) && this.fromMs <= nsToMs(one.at_ns) && nsToMs(one.at_ns) <= this.toMs);
  }

  gaps(manifest: Manifest, fromMs: number, toMs: number): StatedGap[] {
    return manifest.gaps.filter((one) => this.participants.includes(one.participant_id) && nsToMs(one.from_ns) <= toMs && nsToMs(one.to_ns) >= fromMs);
  }

  /** The places of the checkpoints of this time and of the one that follows it: from the first, up to but not with the second. */
  checkpoints(told: readonly Moment[]): [number, number] {
    const first = told.findIndex((one) => !this.isBefore(one));
    const last = told.map((one) => this.isAfter(one)).lastIndexOf(false);
    return [first < 0 ? told.length : first, Math.min(last + 2, told.length)];
  }

  isBefore(event: Moment): boolean {
    return event.at < this.fromTime;
  }

  isAfter(event: Moment): boolean {
    return event.at > this.toTime;
  }

  has(event: Moment): boolean {
    return !this.isBefore(event) && !this.isAfter(event);
  }
}

/** A moment as the log writes it; texts of this form sort as the moments do. */
function logTime(atMs: number): string {
  return atMs <= MAX_MS ? `${new Date(atMs).toISOString().slice(0, -1)}000Z` : '';
}
