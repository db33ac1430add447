/** The camera and the microphone: asked for together, held on to, and every refusal named. */
import { batch, signal } from '@preact/signals';
import { retryWaitMs } from './backoff';
import { DeviceChoice, type DeviceUse } from './device_choice';

export type Facing = 'environment' | 'user';
/**
 * `refused`: the person or the browser said no; `busy`: another app has it; `lost`: it went away;
 * `interrupted`: the system has silenced it, for a phone call say, and gives it back.
 */
export type DeviceState = 'off' | 'asking' | 'on' | 'refused' | 'missing' | 'busy' | 'lost' | 'interrupted' | 'unsupported';
export type MediaDevicesPort = Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices'> & Partial<Pick<MediaDevices, 'addEventListener' | 'removeEventListener'>>;

const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** A track that is silenced for longer is asked for anew: some systems never give the old one back. */
export const MUTED_LIMIT_MS = 2_000;
const LONGEST_PATIENCE_MS = 30_000;

/** What to ask of the camera, the best first; each next one asks for less. A chosen one goes before a facing. */
export function videoLadder(facing: Facing, exact = false, deviceId = ''): MediaTrackConstraints[] {
  const which: MediaTrackConstraints = deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: exact ? { exact: facing } : { ideal: facing } };
  return [
    { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
    { ...which, width: { ideal: 640 }, height: { ideal: 480 } },
    which,
  ];
}

/** What a getUserMedia failure means for the person. */
export function problemOf(error: unknown): DeviceState {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'PermissionDeniedError':
      return 'refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
    case 'TrackStartError':
      return 'busy';
    default:
      return 'unsupported';
  }
}

export class LocalMedia {
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly audio = signal<MediaStreamTrack | null>(null);
  readonly camera = signal<DeviceState>('off');
  readonly microphone = signal<DeviceState>('off');
  readonly muted = signal(false);
  readonly facing = signal<Facing>('environment');
  readonly cameras = signal(1);
  /** The loudspeaker that plays the others; empty for the system's own. */
  readonly speaker = signal('');
  readonly choice: DeviceChoice;
  private wantCamera = false;
  private closed = false;
  /** Which attempt to get a device back is the newest; both may be lost at once. */
  private readonly generation = { video: 0, audio: 0 };
  /** How often in a row a device came back silenced, so that asking again grows rare. */
  private readonly interruptions = { video: 0, audio: 0 };
  private readonly devices: MediaDevicesPort | undefined;

  constructor(devices: MediaDevicesPort | undefined, facing: Facing = 'environment', choice = new DeviceChoice()) {
    this.devices = devices;
    this.choice = choice;
    this.speaker.value = choice.get('speaker');
    this.facing.value = facing;
    devices?.addEventListener?.('devicechange', this.onDeviceChange);
  }

  /** Ask for both; resolves when it is known what there is. Never throws: a person without a camera may still talk. */
  async open(): Promise<void> {
    this.closed = false;
    this.wantCamera = true;
    if (!this.devices?.getUserMedia) {
      this.camera.value = this.microphone.value = 'unsupported';
      return;
    }
    this.camera.value = this.microphone.value = 'asking';
    try {
      // One question instead of two.
      this.take(await this.devices.getUserMedia({ audio: this.audioWish(), video: videoLadder(this.facing.value, false, this.choice.get('camera'))[0] ?? true }));
    } catch (error) {
      await this.openApart(problemOf(error));
    }
    void this.countCameras();
  }

  /** Both together failed: find out which of them is there. */
  private async openApart(problem: DeviceState): Promise<void> {
    if (problem === 'refused') {
      const [camera, microphone] = await Promise.all([permission('camera'), permission('microphone')]);
      // Where the browser says what is allowed, ask only for that; asking again after a no is rude.
      this.microphone.value = 'refused';
      this.camera.value = 'refused';
      if (microphone === 'granted') await this.openMicrophone();
      if (camera === 'granted') await this.openCamera();
      return;
    }
    await this.openCamera();
    await this.openMicrophone();
  }

  async openMicrophone(): Promise<void> {
    if (!this.devices) return;
    this.microphone.value = 'asking';
    try {
      this.take(await this.devices.getUserMedia({ audio: this.audioWish() }));
    } catch (error) {
      this.microphone.value = problemOf(error);
    }
  }

  /** Use another device from now on, and in the next call; an empty id leaves it to the system. True when it is in use. */
  async choose(use: DeviceUse, id: string): Promise<boolean> {
    const before = this.choice.get(use);
    this.choice.set(use, id);
    if (use === 'speaker') {
      this.speaker.value = id;
      return true;
    }
    const track = (use === 'camera' ? this.video : this.audio).peek();
    if (!track || !this.devices) return true;
    try {
      const exact: MediaTrackConstraints = id ? { deviceId: { exact: id } } : {};
      if (use === 'camera') {
        // Phones seldom open two cameras at once.
        this.stopVideo();
        this.take(await this.devices.getUserMedia({ video: { ...videoLadder(this.facing.value, false, id)[0], ...exact } }));
      } else this.take(await this.devices.getUserMedia({ audio: { ...AUDIO, ...exact } }));
      return true;
    } catch {
      this.choice.set(use, before);
      if (use === 'camera') await this.openCamera();
      return false;
    }
  }

  private audioWish(): MediaTrackConstraints {
    const id = this.choice.get('microphone');
    return id ? { ...AUDIO, deviceId: { ideal: id } } : AUDIO;
  }

  /** Open the camera, asking for less each time; true when it is on. */
  async openCamera(exact = false): Promise<boolean> {
    if (!this.devices) return false;
    this.wantCamera = true;
    this.camera.value = 'asking';
    const problem = await this.tryCamera(exact);
    if (problem) this.camera.value = problem;
    return problem === null;
  }

  /** Null when the camera is on, else why not; what the person reads stays as it is meanwhile. */
  private async tryCamera(exact = false): Promise<DeviceState | null> {
    if (!this.devices) return 'unsupported';
    let problem: DeviceState = 'missing';
    for (const video of videoLadder(this.facing.value, exact, exact ? '' : this.choice.get('camera'))) {
      try {
        this.take(await this.devices.getUserMedia({ video }));
        return null;
      } catch (error) {
        problem = problemOf(error);
        if (problem === 'refused' || problem === 'unsupported') break;
      }
    }
    return problem;
  }

  /** Switch the camera off (its light goes out) or on again. */
  async setCamera(on: boolean): Promise<void> {
    this.wantCamera = on;
    if (on) {
      if (!this.video.peek()) await this.openCamera();
      return;
    }
    this.stopVideo();
    this.camera.value = 'off';
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    const track = this.audio.peek();
    if (track) track.enabled = !muted;
  }

  /** The other camera. Phones seldom open two at once, so the first is let go before. */
  async flip(): Promise<void> {
    const before = this.facing.peek();
    this.facing.value = before === 'environment' ? 'user' : 'environment';
    this.choice.set('camera', '');
    this.stopVideo();
    if (await this.openCamera(true)) return;
    this.facing.value = before;
    await this.openCamera();
  }

  /** After sleep or another app: take back what was silently lost. */
  async wake(): Promise<void> {
    const video = this.video.peek();
    if (this.wantCamera && (!video || video.readyState === 'ended' || video.muted) && this.camera.peek() !== 'asking' && this.camera.peek() !== 'refused') {
      this.stopVideo();
      await this.openCamera();
    }
    const audio = this.audio.peek();
    if (audio && (audio.readyState === 'ended' || audio.muted)) await this.openMicrophone();
  }

  close(): void {
    this.closed = true;
    this.wantCamera = false;
    this.generation.video += 1;
    this.generation.audio += 1;
    this.devices?.removeEventListener?.('devicechange', this.onDeviceChange);
    this.stopVideo();
    this.audio.peek()?.stop();
    this.audio.value = null;
    this.camera.value = this.microphone.value = 'off';
  }

  private take(stream: MediaStream): void {
    const video = stream.getVideoTracks()[0];
    const audio = stream.getAudioTracks()[0];
    if (this.closed) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    if (video) {
      if (!this.wantCamera) video.stop();
      else {
        this.stopVideo();
        // Sharp edges matter more than smooth motion: labels, seams, scratches.
        video.contentHint = 'detail';
        this.watch(video);
        this.video.value = video;
        this.camera.value = 'on';
      }
    }
    if (audio) {
      this.audio.peek()?.stop();
      audio.enabled = !this.muted.peek();
      this.watch(audio);
      this.audio.value = audio;
      this.microphone.value = 'on';
    }
  }

  private stopVideo(): void {
    const track = this.video.peek();
    if (!track) return;
    this.video.value = null;
    track.stop();
  }

  /** Notice when a track ends or is silenced without our doing: a phone call, another app, a pulled plug. */
  private watch(track: MediaStreamTrack): void {
    const kind = track.kind === 'video' ? 'video' : 'audio';
    const state = kind === 'video' ? this.camera : this.microphone;
    const isOurs = () => !this.closed && track.readyState === 'live' && this[kind].peek() === track;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silenced = () => {
      clearTimeout(timer);
      const patienceMs = Math.min(MUTED_LIMIT_MS * 2 ** this.interruptions[kind], LONGEST_PATIENCE_MS);
      timer = setTimeout(() => {
        if (!isOurs() || !track.muted) return;
        state.value = 'interrupted';
        this.interruptions[kind] += 1;
        void this.replaceSilenced(track, silenced);
      }, patienceMs);
    };
    track.addEventListener('ended', () => {
      clearTimeout(timer);
      void this.reacquire(track);
    });
    track.addEventListener('mute', silenced);
    track.addEventListener('unmute', () => {
      clearTimeout(timer);
      this.interruptions[kind] = 0;
      if (isOurs() && state.peek() === 'interrupted') state.value = 'on';
    });
    if (track.muted) silenced();
  }

  /** Ask for a silenced device anew; while somebody else has it the old track is kept, for it may wake up. */
  private async replaceSilenced(track: MediaStreamTrack, again: () => void): Promise<void> {
    const isVideo = track.kind === 'video';
    const state = isVideo ? this.camera : this.microphone;
    try {
      const wish = isVideo ? { video: videoLadder(this.facing.value, false, this.choice.get('camera'))[0] ?? true } : { audio: this.audioWish() };
      const stream = (await this.devices?.getUserMedia(wish)) as MediaStream;
      const fresh = (isVideo ? stream.getVideoTracks() : stream.getAudioTracks())[0];
      if ((isVideo ? this.video : this.audio).peek() !== track || !fresh) {
        for (const unused of stream.getTracks()) unused.stop();
        return;
      }
      batch(() => {
        this.take(stream);
        if (fresh.muted) state.value = 'interrupted';
      });
      if (!fresh.muted) this.interruptions[isVideo ? 'video' : 'audio'] = 0;
    } catch {
      again();
    }
  }

  /** A track ended by itself (unplugged, taken by a call): try for a while to get it back. */
  private async reacquire(track: MediaStreamTrack): Promise<void> {
    const isVideo = track.kind === 'video';
    if (this.closed || (isVideo ? this.video : this.audio).peek() !== track) return;
    if (isVideo) {
      this.video.value = null;
      this.camera.value = 'lost';
    } else {
      this.audio.value = null;
      this.microphone.value = 'lost';
    }
    const kind = isVideo ? 'video' : 'audio';
    const generation = ++this.generation[kind];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, retryWaitMs(attempt, Math.random())));
      if (this.closed || generation !== this.generation[kind]) return;
      if (isVideo) {
        if (!this.wantCamera || this.video.peek()) return;
        const problem = await this.tryCamera();
        if (problem === null) return;
        if (problem === 'refused') {
          if (this.wantCamera) this.camera.value = problem;
          return;
        }
      } else {
        if (this.audio.peek()) return;
        await this.openMicrophone();
        if (this.microphone.peek() === 'on' || this.microphone.peek() === 'refused') return;
      }
    }
  }

  private readonly onDeviceChange = (): void => {
    void this.countCameras();
    const gone = this.camera.peek();
    if (!this.closed && this.wantCamera && (gone === 'missing' || gone === 'lost' || gone === 'busy')) void this.tryCamera();
    const silent = this.microphone.peek();
    if (!this.closed && (silent === 'missing' || silent === 'lost')) void this.openMicrophone();
  };

  private async countCameras(): Promise<void> {
    try {
      const found = await this.devices?.enumerateDevices();
      this.cameras.value = found?.filter((device) => device.kind === 'videoinput').length ?? 0;
    } catch {
      // Not knowing how many there are only hides the flip button's hint.
    }
  }
}

async function permission(name: 'camera' | 'microphone'): Promise<PermissionState | 'unknown'> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return 'unknown';
  }
}
