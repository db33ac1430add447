/** Photographs taken in a call: sent with the frame's name, shown at once, kept when the recording gives them. */
import { signal } from '@preact/signals';
import { ApiError, newClientId, post } from '../base/api';
import type { SessionEvent } from '../base/protocol/session';
import type { Direction } from '../base/protocol/words';
import { serverNowMs, serverTimeOfFrameMs } from '../base/time';
import type { ShownFrame } from '../call/remote_video';

/** Whose picture: of this page's own camera, of the other person, or of the bench camera. What is large on the stage is what tools speak of. */
export type Subject = 'own' | 'other' | 'bench';

/** Large at first is whoever shows the goods; the host may swap. */
export function largeAtFirst(direction: Direction): Subject {
  return direction === 'warehouse_shows' ? 'own' : 'other';
}

/** "Swap" goes round: the other person, one's own picture, and the bench camera while it is shown. */
export function nextLarge(now: Subject, benchShown: boolean): Subject {
  if (now === 'other') return 'own';
  if (now === 'own' && benchShown) return 'bench';
  return 'other';
}

/** How the server finds the photographed frame again. A browser is not told the RTP timestamps of what it sends. */
export type FrameName = { mid: '1' | '4'; rtp_timestamp: number } | { own_at_ms: number };

export function frameName(subject: Subject, rtpTimestamp: number | null, nowMs: number): FrameName | null {
  if (subject === 'own') return { own_at_ms: Math.round(nowMs) };
  return rtpTimestamp === null ? null : { mid: subject === 'bench' ? '4' : '1', rtp_timestamp: rtpTimestamp };
}

export type StillState = 'taking' | 'taken' | 'kept' | 'failed';

export interface Still {
  clientId: string;
  stillId: string | null;
  atMs: number;
  /** An object or server URL of the preview; null for one that another page took. */
  preview: string | null;
  state: StillState;
}

const MAX_PREVIEW_BYTES = 700_000;
/** The next frame names itself within this time, or the picture stands still and the last name is right. */
const NEXT_FRAME_MS = 120;

export class Stills {
  readonly all = signal<readonly Still[]>([]);
  private readonly frames: Record<Subject, ShownFrame | null> = { own: null, other: null, bench: null };
  private readonly sessionId: string;
  private readonly elements: Record<Subject, HTMLVideoElement | null> = { own: null, other: null, bench: null };
  private waiting: (() => void) | null = null;
  private awaited: Subject = 'other';

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  watch(subject: Subject, element: HTMLVideoElement | null): void {
    this.elements[subject] = element;
  }

  /** Called for each frame of somebody else's picture, as it is shown. */
  shown(subject: Subject, frame: ShownFrame): void {
    this.frames[subject] = frame;
    if (subject === this.awaited) this.waiting?.();
  }

  /** A picture that is gone has no frame to photograph. */
  forget(subject: Subject): void {
    this.frames[subject] = null;
  }

  /** Whether there is a frame that the server can find again. */
  possible(subject: Subject): boolean {
    return this.name(subject) !== null && hasPicture(this.elements[subject]);
  }

  /** When the frame on the screen was at the server, in the server's time; now where the browser does not tell. */
  shownAtMs(subject: Subject): number {
    // One's own picture is shown here about as late as it is there.
    if (subject === 'own') return Math.round(serverNowMs());
    const arrivedMs = this.frames[subject]?.arrivedMs ?? null;
    return Math.round(serverTimeOfFrameMs(arrivedMs === null ? null : Math.max(0, performance.now() - arrivedMs)));
  }

  /** Take the frame on the screen; false when it was not taken. */
  async take(subject: Subject): Promise<boolean> {
    if (subject !== 'own') await this.nextFrame(subject);
    const name = this.name(subject);
    const element = this.elements[subject];
    if (!name || !hasPicture(element)) return false;
    // Drawn in the same turn as the frame was named: this picture is that frame.
    const canvas = document.createElement('canvas');
    canvas.width = element.videoWidth;
    canvas.height = element.videoHeight;
    canvas.getContext('2d')?.drawImage(element, 0, 0);
    const blob = await jpeg(canvas);
    if (!blob) return false;
    const still: Still = { clientId: newClientId(), stillId: null, atMs: Date.now(), preview: URL.createObjectURL(blob), state: 'taking' };
    this.all.value = [...this.all.value, still];
    try {
      const answer = await post<{ still_id: string; seq: number }>(
        `/api/sessions/${this.sessionId}/stills`,
        { client_id: still.clientId, ...name, preview: await base64(blob) },
        { retries: 3, timeoutMs: 15_000 },
      );
      this.change(still.clientId, { stillId: answer.still_id, state: 'taken' });
      // The photograph may have been cut before its number was known here.
      for (const event of this.early.splice(0)) this.learn(event);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.change(still.clientId, { state: 'failed' });
      return false;
    }
  }

  private early: SessionEvent[] = [];

  /** What the log says of stills, of this page's and of those before a reload. */
  learn(event: SessionEvent): void {
    if (event.kind === 'still_taken') {
      const known = this.all.value.some((still) => still.stillId === event.payload.still_id || still.clientId === event.client_id);
      if (known) return;
      this.all.value = [
        ...this.all.value,
        { clientId: event.client_id ?? event.payload.still_id, stillId: event.payload.still_id, atMs: event.payload.at_ms, preview: `/api/v1/stills/${event.payload.still_id}/preview`, state: 'taken' },
      ];
    }
    if (event.kind === 'still_cut' || event.kind === 'still_failed') {
      const still = this.all.value.find((entry) => entry.stillId === event.payload.still_id);
      if (still) this.change(still.clientId, { state: event.kind === 'still_cut' ? 'kept' : 'failed' });
      else this.early.push(event);
    }
  }

  private name(subject: Subject): FrameName | null {
    return frameName(subject, this.frames[subject]?.rtpTimestamp ?? null, serverNowMs());
  }

  private change(clientId: string, change: Partial<Still>): void {
    this.all.value = this.all.value.map((still) => (still.clientId === clientId ? { ...still, ...change } : still));
  }

  private nextFrame(subject: Subject): Promise<void> {
    this.awaited = subject;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting = null;
        resolve();
      };
      const timer = setTimeout(done, NEXT_FRAME_MS);
      this.waiting = done;
    });
  }
}

function hasPicture(element: HTMLVideoElement | null): element is HTMLVideoElement {
  return element !== null && element.videoWidth > 0;
}

/** A JPEG that fits, smaller in quality rather than in size. */
async function jpeg(canvas: HTMLCanvasElement): Promise<Blob | null> {
  for (const quality of [0.85, 0.7, 0.5, 0.3]) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
    if (blob && blob.size <= MAX_PREVIEW_BYTES) return blob;
  }
  return null;
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(',')[1] ?? '');
    reader.onerror = () => reject(new ApiError('unreadable', 0, 'The picture could not be read.'));
    reader.readAsDataURL(blob);
  });
}
