/** A call as one thing: camera, media path and session together, begun, resumed, ended. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get, post } from '../base/api';
import type { Candidate, PeerAnswer } from '../base/protocol/connection';
import type { Joined } from '../base/protocol/joining';
import type { Snapshot } from '../base/protocol/session';
import type { Adaptation } from './adaptation';
import { retryWaitMs } from './backoff';
import { Connection } from './connection';
import { LocalMedia, type Facing, type MediaDevicesPort } from './media';
import type { PeerFactory } from './peer';
import { LiveSession } from './session';

export interface CallPorts {
  devices: MediaDevicesPort | undefined;
  createPeer: PeerFactory;
  facing: Facing;
  /** False for somebody who only listens: neither camera nor microphone is asked for. */
  sends?: boolean;
  /** False for somebody who comes in with sound only; the camera can be switched on later. */
  video?: boolean;
}

export class Call {
  readonly media: LocalMedia;
  readonly connection: Connection;
  readonly session = signal<LiveSession | null>(null);
  /** Whether the other person's picture should be moving now. */
  readonly expectsFrames = computed(() => {
    const session = this.session.value;
    const other = session?.other.value;
    if (!session || session.state.value !== 'live' || other?.presence !== 'here' || !other.camera || session.connectionOf(other.id) === 'lost' || this.unshowable.value) return false;
    // Stills come seconds apart, whether their link is weak or ours.
    return session.qualities.value[other.id]?.picture !== 'stills' && !session.qualities.value[session.you.participant_id]?.thinned;
  });
  /** What is sent, once the call is up. */
  readonly adaptation = signal<Adaptation | null>(null);
  /** Whether the other person sends a video format that this browser cannot show: there is sound and no picture. */
  readonly unshowable = computed(() => this.cannotShow(this.session.value?.other.value?.id));

  /** Whether this browser cannot show the video format that somebody sends. */
  cannotShow(participantId: string | undefined): boolean {
    const codec = participantId ? this.session.value?.codecOf(participantId) : null;
    const shows = this.connection.shows.value;
    return !!codec && shows.length > 0 && !shows.includes(codec);
  }

  private readonly stops: (() => void)[] = [];
  private readonly sends: boolean;
  private readonly video: boolean;
  private closed = false;
  /** When this page began to wait for the other person's picture, and when it came. */
  private waitingSinceMs: number | null = null;
  private firstFrameMs: number | null = null;

  constructor(ports: CallPorts) {
    this.sends = ports.sends ?? true;
    this.video = ports.video ?? true;
    this.media = new LocalMedia(ports.devices, ports.facing);
    this.connection = new Connection({
      createPeer: ports.createPeer,
      exchange: async (offer, candidates, signal) => {
        const session = this.session.peek();
        if (!session) throw new Error('no session');
        const answer = await post<{ peer: PeerAnswer }>(`/api/sessions/${session.id}/peer`, { offer, candidates, start_bps: this.adaptation.peek()?.rung.peek().maxBitrateBps }, { timeoutMs: 8_000, signal });
        return answer.peer;
      },
      trickle: async (peerId, candidates) => {
        const session = this.session.peek();
        if (session) await post(`/api/sessions/${session.id}/peer/${peerId}/candidates`, { candidates });
      },
      ask: (timeoutMs) => get('/healthz', { timeoutMs, retries: 0 }),
      expectsFrames: () => this.expectsFrames.peek(),
      isMissed: () => {
        const session = this.session.peek();
        return session?.connectionOf(session.you.participant_id) === 'lost';
      },
      isFinal: (error) => error instanceof ApiError && !error.passing && [401, 403, 404, 409, 410].includes(error.status),
    });
  }

  /** Do what can be done before the tap. */
  prepare(): void {
    this.connection.prepare();
  }

  /** The tap: ask for the camera and join at the same time; throws ApiError when joining fails. */
  async start(join: (offer: string, candidates: Candidate[]) => Promise<Joined>): Promise<void> {
    const opening = this.sends ? this.openMedia() : Promise.resolve();
    this.waitingSinceMs = performance.now();
    try {
      const offer = await this.connection.offer();
      const joined = await join(offer.sdp, offer.candidates);
      // The answer first: drawing the call takes longer than finding the path.
      this.connection.accept(joined.peer);
      this.adopt(new LiveSession(joined.session));
    } catch (error) {
      void opening.then(() => this.media.close());
      throw error;
    }
  }

  /** Back into a session that this device is already in, after a reload. */
  async resume(sessionId: string): Promise<Snapshot> {
    const snapshot = await get<Snapshot>(`/api/sessions/${sessionId}`);
    if (snapshot.state === 'ended' || this.closed) return snapshot;
    if (this.sends) void this.openMedia();
    this.adopt(new LiveSession(snapshot));
    // The prepared peer is as good as a fresh one: its offer goes out as the first of this page.
    const offer = await this.connection.offer();
    let answer: PeerAnswer | null = null;
    try {
      answer = (await post<{ peer: PeerAnswer }>(`/api/sessions/${sessionId}/peer`, { offer: offer.sdp, candidates: offer.candidates })).peer;
    } catch (error) {
      if (error instanceof ApiError && !error.passing && error.status !== 422) throw error;
    }
    this.connection.accept(answer);
    return snapshot;
  }

  /** The other person's picture is on the screen. */
  pictureShown(): void {
    if (this.firstFrameMs === null && this.waitingSinceMs !== null) this.firstFrameMs = performance.now() - this.waitingSinceMs;
  }

  private openMedia(): Promise<void> {
    return this.video ? this.media.open() : this.media.openMicrophone();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const stop of this.stops.splice(0)) stop();
    this.session.peek()?.close();
    this.connection.close();
    this.media.close();
  }

  private adopt(session: LiveSession): void {
    this.session.value = session;
    let joinedLive = session.state.peek() === 'live';
    session.onPeerLost = (lost) => this.connection.serverLost(lost);
    void this.adapt(session);
    this.stops.push(
      effect(() => {
        // Who has not been let speak sends nothing.
        const silent = session.you.role === 'observer' && session.me.value?.voice !== 'speaks';
        this.connection.setTracks(silent ? null : this.media.audio.value, silent ? null : this.media.video.value);
      }),
      effect(() => this.tellMediaState(session)),
      session.state.subscribe((state) => {
        // Time in the queue is no slowness of ours: count from the tap, or from when both are there.
        const wasLive = joinedLive;
        joinedLive = state === 'live';
        if (!wasLive && this.firstFrameMs === null && this.waitingSinceMs !== null) this.waitingSinceMs = performance.now();
      }),
      this.reportPictures(session),
      effect(() => {
        // After an outage, or on another network, the socket may be dead without knowing it.
        if (this.connection.returns.value > 0) session.probe();
      }),
      effect(() => {
        const over = session.state.value === 'ended' || session.link.value === 'replaced';
        if (!over) return;
        this.connection.close();
        this.media.close();
      }),
    );
  }

  /** Its code is fetched when there is something to report. */
  private reportPictures(session: LiveSession): () => void {
    let stop = () => undefined as void;
    let stopped = false;
    const begin = effect(() => {
      if (this.connection.word.value !== 'connected') return;
      queueMicrotask(() => begin());
      void import('./report').then(({ reportPictures }) => {
        if (stopped) return;
        stop = reportPictures({
          stats: () => this.connection.stats(),
          expectsFrames: () => this.expectsFrames.peek() === true,
          firstFrameMs: () => this.firstFrameMs,
          send: (report) => session.report(report),
        });
      }, () => undefined);
    });
    return () => {
      stopped = true;
      begin();
      stop();
    };
  }

  /** Not needed before the call is up, so it is loaded then. */
  private async adapt(session: LiveSession): Promise<void> {
    let module: typeof import('./adaptation') | null = null;
    for (let attempt = 0; !module && !this.closed; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, retryWaitMs(attempt, Math.random())));
      module = await import('./adaptation').catch(() => null);
    }
    if (!module || this.closed) return;
    const { Adaptation, mostFor } = module;
    const adaptation = new Adaptation(mostFor(session.you.role, session.snapshot.peek().direction));
    session.onAdvice = (advice) => adaptation.advise(advice);
    this.adaptation.value = adaptation;
    this.stops.push(
      effect(() => adaptation.use(this.connection.current.value)),
      () => adaptation.close(),
    );
  }

  private told = '';

  /** Tell the others what they will see and hear, once it is known and whenever it changes. */
  private tellMediaState(session: LiveSession): void {
    const camera = this.media.camera.value;
    const microphone = this.media.microphone.value;
    const muted = this.media.muted.value;
    if (camera === 'asking' || microphone === 'asking' || session.state.peek() === 'ended') return;
    const body = { camera: camera === 'on', microphone: microphone === 'on' && !muted };
    const key = JSON.stringify(body);
    if (key === this.told) return;
    this.told = key;
    session.send('media.state', body);
  }
}
