/** A call as one thing: camera, media path and session together, begun, resumed, ended. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get, post } from '../base/api';
import type { Candidate, Joined, PeerAnswer, Snapshot } from '../base/protocol';
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
}

export class Call {
  readonly media: LocalMedia;
  readonly connection: Connection;
  readonly session = signal<LiveSession | null>(null);
  /** Whether the other person's picture should be moving now. */
  readonly expectsFrames = computed(() => {
    const session = this.session.value;
    const other = session?.other.value;
    if (!session || session.state.value !== 'live' || other?.presence !== 'here' || !other.camera || session.connectionOf(other.id) === 'lost') return false;
    // Stills come seconds apart, whether their link is weak or ours.
    return session.qualities.value[other.id]?.picture !== 'stills' && !session.qualities.value[session.you.participant_id]?.thinned;
  });
  /** What is sent, once the call is up. */
  readonly adaptation = signal<Adaptation | null>(null);
  private readonly stops: (() => void)[] = [];
  private closed = false;

  constructor(ports: CallPorts) {
    this.media = new LocalMedia(ports.devices, ports.facing);
    this.connection = new Connection({
      createPeer: ports.createPeer,
      exchange: async (offer, candidates, signal) => {
        const session = this.session.peek();
        if (!session) throw new Error('no session');
        const answer = await post<{ peer: PeerAnswer }>(`/api/sessions/${session.id}/peer`, { offer, candidates }, { timeoutMs: 8_000, signal });
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
    const opening = this.media.open();
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
    void this.media.open();
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
    session.onPeerLost = (lost) => this.connection.serverLost(lost);
    void this.adapt(session);
    this.stops.push(
      effect(() => this.connection.setTracks(this.media.audio.value, this.media.video.value)),
      effect(() => this.tellMediaState(session)),
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
