import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeviceChoice } from '../../src/live/device_choice';
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
  /** What a phone does to a page's tracks when it rings. */
  silence(muted: boolean): void {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
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

describe('a phone call in between', () => {
  afterEach(() => vi.useRealTimers());

  async function opened(answer: (wanted: MediaStreamConstraints) => void = () => undefined) {
    vi.useFakeTimers();
    const rig = devices(answer);
    const media = new LocalMedia(rig.port);
    await media.open();
    const of = (kind: string) => rig.given.filter((track) => track.kind === kind);
    return { ...rig, media, of };
  }

  it('of less than two seconds is slept through', async () => {
    const { media, asked, of } = await opened();
    of('audio')[0]?.silence(true);
    await vi.advanceTimersByTimeAsync(1_900);
    of('audio')[0]?.silence(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toHaveLength(1);
    expect(media.microphone.value).toBe('on');
    media.close();
  });

  it.each(['audio', 'video'] as const)('of longer than two seconds has the %s asked for anew', async (kind) => {
    const { media, asked, of } = await opened();
    of(kind)[0]?.silence(true);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(asked).toHaveLength(2);
    expect(of(kind)).toHaveLength(2);
    expect(of(kind)[0]?.readyState).toBe('ended');
    expect((kind === 'audio' ? media.audio : media.video).value).toBe(of(kind)[1]);
    expect([media.camera.value, media.microphone.value]).toEqual(['on', 'on']);
    media.close();
  });

  it('says so while it lasts, asks ever more rarely, and takes back what wakes up', async () => {
    let ringing = false;
    const { media, asked, of } = await opened(() => {
      if (ringing) throw failure('NotReadableError');
    });
    ringing = true;
    const words: string[] = [];
    media.microphone.subscribe((word) => words.push(word));
    of('audio')[0]?.silence(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(words).toEqual(['on', 'interrupted']);
    expect(asked.length).toBeLessThanOrEqual(6);
    of('audio')[0]?.silence(false);
    expect(media.microphone.value).toBe('on');
    expect(media.audio.value).toBe(of('audio')[0]);
    media.close();
  });

  it('leaves nothing running after the end', async () => {
    const { media, asked, of } = await opened();
    of('video')[0]?.silence(true);
    media.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps a person muted who was muted', async () => {
    const { media, of } = await opened();
    media.setMuted(true);
    of('audio')[0]?.silence(true);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(of('audio')[1]?.enabled).toBe(false);
    media.close();
  });
});

describe('a chosen device', () => {
  const memory = () => {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) };
  };

  it('is used at once, and preferred in the next call', async () => {
    const store = memory();
    const { port, asked } = devices(() => undefined);
    const media = new LocalMedia(port, 'user', new DeviceChoice(store));
    await media.open();
    expect(await media.choose('microphone', 'headset')).toBe(true);
    expect(asked.at(-1)?.audio).toMatchObject({ deviceId: { exact: 'headset' }, echoCancellation: true });
    const next = devices(() => undefined);
    await new LocalMedia(next.port, 'user', new DeviceChoice(store)).open();
    expect(next.asked[0]?.audio).toMatchObject({ deviceId: { ideal: 'headset' } });
  });

  it('that cannot be opened leaves the one before in use', async () => {
    const { port, given } = devices((wanted) => {
      if (JSON.stringify(wanted).includes('"exact":"broken"')) throw failure('OverconstrainedError');
    });
    const media = new LocalMedia(port, 'user', new DeviceChoice(memory()));
    await media.open();
    expect(await media.choose('microphone', 'broken')).toBe(false);
    expect(media.audio.value).toBe(given.find((track) => track.kind === 'audio'));
    expect(media.choice.get('microphone')).toBe('');
    expect(await media.choose('camera', 'broken')).toBe(false);
    expect(media.camera.value).toBe('on');
  });

  it('is held for the call where a browser stores nothing', () => {
    const refuse = () => {
      throw new Error('SecurityError');
    };
    const choice = new DeviceChoice({ getItem: refuse, setItem: refuse, removeItem: refuse });
    expect(choice.get('speaker')).toBe('');
    choice.set('speaker', 'hall');
    expect(choice.get('speaker')).toBe('hall');
  });
});
