import { describe, expect, it } from 'vitest';
import { LocalMedia, problemOf, videoLadder } from '../../src/live/media';

class FakeTrack extends EventTarget {
  readyState: 'live' | 'ended' = 'live';
  enabled = true;
  muted = false;
  contentHint = '';
  constructor(readonly kind: 'audio' | 'video') {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
  /** What a browser does when a device is pulled out. */
  vanish(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

const failure = (name: string) => Object.assign(new Error(name), { name });

function devices(answer: (wanted: MediaStreamConstraints) => void) {
  const asked: MediaStreamConstraints[] = [];
  const given: FakeTrack[] = [];
  const port = {
    getUserMedia: async (wanted: MediaStreamConstraints = {}) => {
      asked.push(wanted);
      answer(wanted);
      const tracks = [wanted.audio ? new FakeTrack('audio') : null, wanted.video ? new FakeTrack('video') : null].filter((track) => track !== null);
      given.push(...tracks);
      return {
        getTracks: () => tracks,
        getVideoTracks: () => tracks.filter((track) => track.kind === 'video'),
        getAudioTracks: () => tracks.filter((track) => track.kind === 'audio'),
      } as unknown as MediaStream;
    },
    enumerateDevices: async () => [],
  };
  return { port, asked, given };
}

describe('the camera and the microphone', () => {
  it('are asked for together, the rear camera in 720p first', async () => {
    const { port, asked } = devices(() => undefined);
    const media = new LocalMedia(port);
    await media.open();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.video).toMatchObject({ facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, frameRate: { ideal: 30 } });
    expect([media.camera.value, media.microphone.value]).toEqual(['on', 'on']);
    expect(media.video.value?.contentHint).toBe('detail');
  });

  it('let a person without a camera speak', async () => {
    const { port } = devices((wanted) => {
      if (wanted.video) throw failure('NotFoundError');
    });
    const media = new LocalMedia(port);
    await media.open();
    expect([media.camera.value, media.microphone.value]).toEqual(['missing', 'on']);
  });

  it('let a person without a microphone show', async () => {
    const { port } = devices((wanted) => {
      if (wanted.audio) throw failure('NotFoundError');
    });
    const media = new LocalMedia(port);
    await media.open();
    expect([media.camera.value, media.microphone.value]).toEqual(['on', 'missing']);
  });

  it('settle for less when the best picture cannot be had', async () => {
    const { port, asked } = devices((wanted) => {
      const video = wanted.video as MediaTrackConstraints | undefined;
      if (video?.width && (video.width as { ideal: number }).ideal > 640) throw failure('NotReadableError');
    });
    const media = new LocalMedia(port);
    await media.open();
    expect(media.camera.value).toBe('on');
    expect(asked.length).toBeGreaterThan(2);
  });

  it('are not asked for again after a no', async () => {
    const { port, asked } = devices(() => {
      throw failure('NotAllowedError');
    });
    const media = new LocalMedia(port);
    await media.open();
    expect(media.camera.value).toBe('refused');
    expect(media.microphone.value).toBe('refused');
    expect(asked).toHaveLength(1);
  });

  it('come back by themselves after they were pulled out', async () => {
    const { port, given } = devices(() => undefined);
    const media = new LocalMedia(port);
    await media.open();
    given.find((track) => track.kind === 'video')?.vanish();
    const deadline = Date.now() + 2000;
    while (given.length < 3 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(media.camera.value).toBe('on');
    media.close();
  });

  it('come back both when both were pulled out at once', async () => {
    const { port, given } = devices(() => undefined);
    const media = new LocalMedia(port);
    await media.open();
    for (const track of [...given]) track.vanish();
    const deadline = Date.now() + 3000;
    while (given.length < 4 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([media.camera.value, media.microphone.value]).toEqual(['on', 'on']);
    media.close();
  });

  it('are called lost, and nothing else, while they are sought again', async () => {
    let gone = false;
    let sought = 0;
    const { port, given } = devices((wanted) => {
      if (!gone || !wanted.video) return;
      sought += 1;
      throw failure('NotFoundError');
    });
    const media = new LocalMedia(port);
    await media.open();
    const words: string[] = [];
    media.camera.subscribe((word) => words.push(word));
    gone = true;
    given.find((track) => track.kind === 'video')?.vanish();
    const deadline = Date.now() + 3000;
    while (sought < 6 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sought).toBeGreaterThanOrEqual(6);
    expect(words).toEqual(['on', 'lost']);
    media.close();
  });

  it('let go of one camera before opening the other, and take the first back if there is none', async () => {
    const { port, given } = devices((wanted) => {
      const facing = (wanted.video as MediaTrackConstraints | undefined)?.facingMode as { exact?: string } | undefined;
      if (facing?.exact === 'user') throw failure('OverconstrainedError');
    });
    const media = new LocalMedia(port);
    await media.open();
    await media.flip();
    expect(media.facing.value).toBe('environment');
    expect(media.camera.value).toBe('on');
    expect(given[1]?.readyState).toBe('ended');
  });

  it('stop when the camera is switched off, and stay muted when they come back', async () => {
    const { port, given } = devices(() => undefined);
    const media = new LocalMedia(port);
    await media.open();
    media.setMuted(true);
    await media.setCamera(false);
    expect(given.map((track) => [track.kind, track.readyState, track.enabled])).toEqual([['audio', 'live', false], ['video', 'ended', true]]);
    await media.openMicrophone();
    expect(media.audio.value?.enabled).toBe(false);
  });
});

describe('a failure to open a device', () => {
  it.each([
    ['NotAllowedError', 'refused'],
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
    ['TypeError', 'unsupported'],
  ])('%s is %s', (name, word) => {
    expect(problemOf(failure(name))).toBe(word);
  });

  it('asks for less each time', () => {
    expect(videoLadder('user').map((step) => Object.keys(step).length)).toEqual([4, 3, 1]);
  });
});
