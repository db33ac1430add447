/** The video elements of one participant, kept on the replay's clock. */

import { signal, type Signal } from '@preact/signals';
import { correction, endOf, frameInterval, partsNear, recordingOf, shownAt, stepTargets, wallOf } from './sync';
import type { Lane, Part, Shown } from './sync';

/** Parts that begin this soon are loaded beforehand. */
const AHEAD_MS = 20_000;
const FRAMES_REMEMBERED = 24;

export type Readiness = 'ready' | 'waiting' | 'none';

export class LanePlayer {
  readonly lane: Signal<Lane>;
  readonly shown: Signal<Shown>;
  /** Parts that should have a video element now. */
  readonly near: Signal<readonly Part[]>;
  /** Wall clock (ms) of the frame on the screen, null when there is none. */
  readonly frameWallMs = signal<number | null>(null);
  readonly waiting = signal(false);
  readonly failed = signal(false);
  readonly muted = signal(false);
  private readonly videos = new Map<string, HTMLVideoElement>();
  private readonly wanted = new Map<HTMLVideoElement, number>();
  private readonly recentMediaMs: number[] = [];
  private wallMs: number;
  private lastSeekAt = 0;
  private lastReloadAt = 0;

  constructor(lane: Lane, wallMs: number) {
    this.lane = signal(lane);
    this.wallMs = wallMs;
    this.shown = signal(shownAt(lane, wallMs));
    this.near = signal(partsNear(lane, wallMs, AHEAD_MS));
  }

  /** Newer knowledge of the same participant: more has arrived. */
  update(lane: Lane): void {
    this.lane.value = lane;
    this.look(this.wallMs);
  }

  /** A video element for a part has been mounted; the answer takes it away again. */
  attach(part: Part, video: HTMLVideoElement): () => void {
    this.videos.set(part.recordingId, video);
    video.muted = this.muted.value;
    let watching = true;
    const onFrame: VideoFrameRequestCallback = (_now, frame) => {
      if (!watching) return;
      this.sawFrame(part.recordingId, frame.mediaTime * 1000);
      video.requestVideoFrameCallback(onFrame);
    };
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(onFrame);
    const onSeeked = (): void => {
      const next = this.wanted.get(video);
      this.wanted.delete(video);
      if (next !== undefined && Math.abs(video.currentTime - next) > 0.001) video.currentTime = next;
      if (!('requestVideoFrameCallback' in video)) this.sawFrame(part.recordingId, (video as HTMLVideoElement).currentTime * 1000);
    };
    const onError = (): void => {
      if (this.activePart()?.recordingId === part.recordingId) this.failed.value = true;
    };
    const onReady = (): void => {
      this.failed.value = false;
      if (this.activePart()?.recordingId === part.recordingId && video.paused) this.place(this.wallMs);
    };
    video.addEventListener('seeked', onSeeked);
    video.addEventListener('error', onError);
    video.addEventListener('loadedmetadata', onReady);
    this.place(this.wallMs);
    return () => {
      watching = false;
      video.removeEventListener('seeked', onSeeked);
      video.removeEventListener('error', onError);
      video.removeEventListener('loadedmetadata', onReady);
      // An element that keeps its source keeps its connection.
      video.removeAttribute('src');
      video.load();
      this.videos.delete(part.recordingId);
    };
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    for (const video of this.videos.values()) video.muted = muted;
  }

  /** Try a failed piece again. */
  retry(): void {
    this.failed.value = false;
    this.activeVideo()?.load();
  }

  /** Show the frame of this moment, standing still. */
  place(wallMs: number): void {
    this.look(wallMs);
    this.pauseAll();
    const shown = this.shown.value;
    if (shown.kind === 'picture') {
      this.aim(shown.part, recordingOf(shown.part, wallMs));
      return;
    }
    this.frameWallMs.value = null;
    this.waiting.value = false;
    this.prepareAfter(shown);
  }

  /** Follow the moving clock; says whether the clock must wait for this picture. */
  follow(wallMs: number, speed: number, nowMs: number, held: boolean): Readiness {
    this.look(wallMs);
    const shown = this.shown.value;
    if (shown.kind !== 'picture' || this.failed.value) {
      this.pauseAll();
      if (shown.kind !== 'picture') this.frameWallMs.value = null;
      this.waiting.value = false;
      return 'none';
    }
    const video = this.videos.get(shown.part.recordingId);
    if (video === undefined) return 'waiting';
    this.pauseAll(video);
    if (video.ended) return 'none';
    if (video.seeking || video.readyState < 3) return 'waiting';
    if (held) {
      // The picture that is ready stands still until the other is.
      this.pauseAll();
      return 'ready';
    }
    const aheadMs = wallOf(shown.part, video.currentTime * 1000) - wallMs;
    const wanted = correction(aheadMs, speed);
    if (wanted.kind === 'seek' && nowMs - this.lastSeekAt > 800) {
      this.lastSeekAt = nowMs;
      this.aim(shown.part, recordingOf(shown.part, wallMs));
      return 'waiting';
    }
    const rate = wanted.kind === 'rate' ? wanted.rate : speed;
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (video.paused) void video.play().catch(() => undefined);
    return 'ready';
  }

  pauseAll(except?: HTMLVideoElement): void {
    for (const video of this.videos.values()) if (video !== except && !video.paused) video.pause();
  }

  /** The neighbouring frame's wall clock (ms), or null when there is none to find. */
  async step(direction: 1 | -1): Promise<number | null> {
    const part = this.activePart();
    const video = this.activeVideo();
    if (part === null || video === null || video.readyState < 1) return null;
    const from = this.recentMediaMs[this.recentMediaMs.length - 1] ?? video.currentTime * 1000;
    const intervalMs = frameInterval(this.recentMediaMs);
    // Standing in a pause of the frames, what lies before the position need not be searched again.
    const positionMs = video.currentTime * 1000;
    const searchFrom = !video.seeking && positionMs - from > 2 * intervalMs ? positionMs - intervalMs * 0.7 : from;
    const targets = direction === 1 ? stepTargets(searchFrom, intervalMs) : [from - 1, from - 20, from - 60];
    for (const target of targets) {
      if (target < 0 || target > part.durationMs + 50) return null;
      const mediaMs = await this.frameAfterSeek(video, target);
      if (mediaMs === null || Math.abs(mediaMs - from) <= 0.5) continue;
      return wallOf(part, direction === 1 ? await this.nearestAfter(video, from, mediaMs, intervalMs) : mediaMs);
    }
    return null;
  }

  /** After a far reach over a pause in the frames: walk back to the first frame behind it. */
  private async nearestAfter(video: HTMLVideoElement, fromMs: number, foundMs: number, intervalMs: number): Promise<number> {
    // With few frames seen the distance is a guess: look once whether there is one between.
    const enoughMs = this.recentMediaMs.length < 6 ? 4 : intervalMs * 1.4;
    let nearestMs = foundMs;
    for (let steps = 0; steps < 12 && nearestMs - fromMs > enoughMs; steps += 1) {
      const beforeMs = await this.frameAfterSeek(video, nearestMs - 1);
      if (beforeMs === null || beforeMs <= fromMs + 0.5) {
        await this.frameAfterSeek(video, nearestMs + 1);
        break;
      }
      nearestMs = beforeMs;
    }
    return nearestMs;
  }

  private frameAfterSeek(video: HTMLVideoElement, targetMs: number): Promise<number | null> {
    return new Promise((resolve) => {
      let done = false;
      const finish = (mediaMs: number | null): void => {
        if (done) return;
        done = true;
        window.clearTimeout(limit);
        resolve(mediaMs);
      };
      // The same frame is not always announced again: after the seek, what was shown last is shown.
      const onSeeked = (): void => {
        window.setTimeout(() => finish(this.recentMediaMs[this.recentMediaMs.length - 1] ?? null), 120);
      };
      const limit = window.setTimeout(() => finish(null), 4000);
      if ('requestVideoFrameCallback' in video) {
        video.requestVideoFrameCallback((_now, frame) => finish(frame.mediaTime * 1000));
      }
      video.addEventListener('seeked', onSeeked, { once: true });
      video.currentTime = targetMs / 1000;
    });
  }

  private activePart(): Part | null {
    const shown = this.shown.peek();
    return shown.kind === 'picture' ? shown.part : null;
  }

  private activeVideo(): HTMLVideoElement | null {
    const part = this.activePart();
    return part === null ? null : (this.videos.get(part.recordingId) ?? null);
  }

  private sawFrame(recordingId: string, mediaMs: number): void {
    const part = this.activePart();
    if (part === null || part.recordingId !== recordingId) return;
    this.recentMediaMs.push(mediaMs);
    if (this.recentMediaMs.length > FRAMES_REMEMBERED) this.recentMediaMs.shift();
    this.frameWallMs.value = wallOf(part, mediaMs);
    this.waiting.value = false;
  }

  /** Bring the signals up to date; they change only when what is shown changes. */
  private look(wallMs: number): void {
    this.wallMs = wallMs;
    const lane = this.lane.peek();
    const next = shownAt(lane, wallMs);
    if (!alike(this.shown.peek(), next)) this.shown.value = next;
    const near = partsNear(lane, wallMs, AHEAD_MS);
    if (near.length !== this.near.peek().length || near.some((part, i) => part !== this.near.peek()[i])) this.near.value = near;
  }

  /** While nothing is shown, the next picture already waits at its first frame. */
  private prepareAfter(shown: Shown): void {
    if (shown.kind === 'picture' || shown.untilMs === null) return;
    const untilMs = shown.untilMs;
    const next = shownAt(this.lane.peek(), untilMs);
    if (next.kind === 'picture') this.aim(next.part, next.recordingMs);
  }

  private aim(part: Part, recordingMs: number): void {
    const video = this.videos.get(part.recordingId);
    if (video === undefined) return;
    // The last frame has no successor: asking for the very end would show nothing.
    const seconds = Math.max(0, Math.min(recordingMs, part.durationMs - 30)) / 1000;
    if (Number.isFinite(video.duration) && seconds > video.duration + 0.5 && performance.now() - this.lastReloadAt > 3000) {
      // More has arrived since this element read the file's end.
      this.lastReloadAt = performance.now();
      video.load();
    }
    if (Math.abs(video.currentTime - seconds) < 0.0005 && !video.seeking) return;
    if (wallOf(part, recordingMs) <= endOf(part)) this.waiting.value = video.readyState < 2;
    if (video.seeking) this.wanted.set(video, seconds);
    else video.currentTime = seconds;
  }
}

function alike(a: Shown, b: Shown): boolean {
  if (a.kind === 'picture') return b.kind === 'picture' && a.part === b.part && a.loss === b.loss;
  if (a.kind === 'gap') return b.kind === 'gap' && a.gap === b.gap && a.untilMs === b.untilMs;
  return b.kind === 'absent' && a.when === b.when && a.untilMs === b.untilMs;
}
