/** For a loud hall: heard only while a button or a key is held. */
import { signal } from '@preact/signals';
import type { LocalMedia } from './media';

/** The last syllable is still on its way when the finger lifts. */
export const TAIL_MS = 250;

export class PushToTalk {
  readonly on = signal(false);
  readonly talking = signal(false);
  private readonly media: Pick<LocalMedia, 'setMuted'>;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(media: Pick<LocalMedia, 'setMuted'>) {
    this.media = media;
  }

  /** Muted from now on unless held; switched off, the person is heard all the time again. */
  set(on: boolean): void {
    clearTimeout(this.timer);
    this.on.value = on;
    this.talking.value = false;
    this.media.setMuted(on);
  }

  press(): void {
    if (!this.on.peek()) return;
    clearTimeout(this.timer);
    this.talking.value = true;
    this.media.setMuted(false);
  }

  release(): void {
    if (!this.talking.peek()) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.talking.value = false;
      if (this.on.peek()) this.media.setMuted(true);
    }, TAIL_MS);
  }
}
