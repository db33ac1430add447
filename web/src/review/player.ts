/** The replay: every participant's pictures on one clock. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { LanePlayer } from './lane_player';
import * as clock from './play_clock';
import type { PlayClock } from './play_clock';
import type { Lane } from './sync';

/** A picture may be late this long before the clock waits for it. */
const PATIENCE_MS = 180;

export class ReplayPlayer {
  readonly lanes: readonly LanePlayer[];
  /** The clock: server wall time in milliseconds. */
  readonly wallMs: Signal<number>;
  readonly playing = signal(false);
  readonly held = signal(false);
  readonly speed = signal(1);
  /** The participant whose frames are stepped and whose time is the page's time. */
  readonly leadId: Signal<string>;
  /** Wall clock of the lead's frame on the screen; the clock itself where there is no picture. */
  readonly frameWallMs: ReadonlySignal<number>;
  private state: PlayClock;
  private waitingSince: number | null = null;
  private stepping = false;
  private loop = 0;

  constructor(lanes: readonly Lane[], startMs: number, endMs: number, leadId: string, atMs: number) {
    this.state = clock.seek(clock.newClock(startMs, endMs), atMs, performance.now());
    const begin = clock.at(this.state, performance.now());
    this.wallMs = signal(begin);
    this.lanes = lanes.map((lane) => new LanePlayer(lane, begin));
    this.leadId = signal(leadId);
    this.frameWallMs = computed(() => this.leadLane()?.frameWallMs.value ?? this.wallMs.value);
  }

  get startMs(): number {
    return this.state.startMs;
  }

  get endMs(): number {
    return this.state.endMs;
  }

  update(lanes: readonly Lane[], endMs: number): void {
    this.state = clock.withEnd(this.state, endMs, performance.now());
    for (const lane of lanes) this.lanes.find((l) => l.lane.peek().participantId === lane.participantId)?.update(lane);
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else this.play();
  }

  play(): void {
    this.state = clock.play(this.state, performance.now());
    this.playing.value = true;
    this.waitingSince = null;
    cancelAnimationFrame(this.loop);
    this.loop = requestAnimationFrame(this.tick);
  }

  pause(): void {
    const now = performance.now();
    this.state = clock.pause(this.state, now);
    this.playing.value = false;
    this.held.value = false;
    cancelAnimationFrame(this.loop);
    for (const lane of this.lanes) lane.pauseAll();
    // What the person saw is the moment; the other pictures come to it.
    const lead = this.leadLane();
    const seen = lead?.frameWallMs.value ?? null;
    const near = seen !== null && Math.abs(seen - clock.at(this.state, now)) < 400;
    if (near && seen !== null) this.state = clock.seek(this.state, seen, now);
    this.showTime(now);
    for (const lane of this.lanes) if (!near || lane !== lead) lane.place(this.wallMs.value);
  }

  seek(wallMs: number): void {
    const now = performance.now();
    this.state = clock.seek(this.state, wallMs, now);
    this.showTime(now);
    for (const lane of this.lanes) lane.place(this.wallMs.value);
  }

  skip(byMs: number): void {
    this.seek(clock.at(this.state, performance.now()) + byMs);
  }

  setSpeed(speed: number): void {
    this.state = clock.withSpeed(this.state, speed, performance.now());
    this.speed.value = speed;
  }

  changeSpeed(direction: 1 | -1): void {
    this.setSpeed(clock.nextSpeed(this.speed.value, direction));
  }

  /** One frame of the lead's picture on or back; a thirtieth of a second where it has none. */
  async step(direction: 1 | -1): Promise<void> {
    if (this.stepping) return;
    this.stepping = true;
    try {
      if (this.playing.value) this.pause();
      const lead = this.leadLane();
      const found = (await lead?.step(direction)) ?? null;
      const now = performance.now();
      this.state = clock.seek(this.state, found ?? this.wallMs.value + (direction * 1000) / 30, now);
      this.showTime(now);
      for (const lane of this.lanes) if (found === null || lane !== lead) lane.place(this.wallMs.value);
    } finally {
      this.stepping = false;
    }
  }

  /** Take everything away; may be called twice. */
  close(): void {
    cancelAnimationFrame(this.loop);
    for (const lane of this.lanes) lane.pauseAll();
  }

  private readonly tick = (): void => {
    const now = performance.now();
    this.showTime(now);
    if (this.wallMs.value >= this.state.endMs) {
      this.pause();
      return;
    }
    let waits = false;
    for (const lane of this.lanes) {
      const readiness = lane.follow(this.wallMs.value, this.speed.value, now, this.held.value);
      const waiting = readiness === 'waiting';
      lane.waiting.value = waiting && this.held.value;
      waits ||= waiting;
    }
    if (!waits) this.waitingSince = null;
    else this.waitingSince ??= now;
    const held = this.waitingSince !== null && now - this.waitingSince > PATIENCE_MS;
    if (held !== this.held.value) {
      this.state = clock.hold(this.state, held, now);
      this.held.value = held;
    }
    this.loop = requestAnimationFrame(this.tick);
  };

  private showTime(now: number): void {
    this.wallMs.value = clock.at(this.state, now);
  }

  /** The lead, or whoever has a picture when the lead has none. */
  private leadLane(): LanePlayer | undefined {
    const lead = this.lanes.find((l) => l.lane.value.participantId === this.leadId.value);
    if (lead !== undefined && lead.shown.value.kind === 'picture') return lead;
    return this.lanes.find((l) => l.shown.value.kind === 'picture') ?? lead;
  }
}
