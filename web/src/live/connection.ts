/**
 * Keeps media flowing to the server: a prepared first peer, and a fresh one whenever a path dies.
 * In doubt the old path is kept while a fresh one is being made, and whichever comes back first goes on.
 */
import { batch, signal } from '@preact/signals';
import type { Candidate, PeerAnswer, PeerLost } from '../base/protocol/connection';
import { countArrivals } from './arrivals';
import { KEEP_TRYING_MS, retryWaitMs } from './backoff';
import { Peer, type PeerFactory, type RemoteMedia } from './peer';
import { scout } from './scout';
import { Watchdog } from './watchdog';

/** `idle` before the first, `lost` while a fresh peer is being made, `gave_up` when only the person can go on. */
export type PathWord = 'idle' | 'connecting' | 'connected' | 'lost' | 'gave_up';

export interface ConnectionPorts {
  /** Send an offer, get the answer; throws when that fails or is given up. */
  exchange(offer: string, candidates: Candidate[], signal: AbortSignal): Promise<PeerAnswer>;
  trickle(peerId: string, candidates: Candidate[]): Promise<void>;
  createPeer: PeerFactory;
  /** A small question to the server that throws when no answer comes in time. */
  ask(timeoutMs: number): Promise<unknown>;
  /** Whether the other person should be seen now. */
  expectsFrames(): boolean;
  /** Whether the server still misses our media. */
  isMissed(): boolean;
  /** True when the failure will not pass (the session has ended, we may not be here). */
  isFinal(error: unknown): boolean;
}

const CONNECT_LIMIT_MS = 8_000;
const SAMPLE_MS = 500;
const DOUBT_SAMPLE_MS = 150;
/** A picture that stands still this long, on a living path, is worth a fresh peer. */
const FROZEN_LIMIT_MS = 8_000;
/** What the server says of an outage may come after its end, and right behind it that it is over. */
const HEARSAY_MS = 700;

export class Connection {
  readonly word = signal<PathWord>('idle');
  /** The other people's media, null until there is any; it stays through an outage, as the last picture. */
  readonly remote = signal<RemoteMedia | null>(null);
  /** The video formats that this browser can show; empty before the first answer. */
  readonly shows = signal<readonly string[]>([]);
  /** The peer that media goes through, null before the first. */
  readonly current = signal<Peer | null>(null);
  /** The other person's picture stands still although the path lives. */
  readonly frozen = signal(false);
  /** Since when the path is lost, on this device's clock. */
  readonly lostSinceMs = signal<number | null>(null);
  /** Counts how often the path came back, the old one or a fresh one. */
  readonly returns = signal(0);
  private readonly ports: ConnectionPorts;
  private prepared: Peer | null = null;
  private peer: Peer | null = null;
  private audio: MediaStreamTrack | null = null;
  private video: MediaStreamTrack | null = null;
  private running = false;
  private closed = false;
  private wake: (() => void) | null = null;
  private sampler: ReturnType<typeof setTimeout> | null = null;
  /** Ends the attempt that is being made. */
  private attempt: AbortController | null = null;
  private attempted: Peer | null = null;
  /** The old path is of no use, whatever still arrives on it. */
  private distrust = false;
  private healed = false;
  private hurry = false;
  private watchdog = new Watchdog();
  private frozenSinceMs: number | null = null;

  constructor(ports: ConnectionPorts) {
    this.ports = ports;
  }

  /** Make the offer and gather candidates now, so that the tap has nothing to wait for. */
  prepare(): void {
    if (!this.prepared && !this.closed) this.prepared = new Peer(this.ports.createPeer);
  }

  /** The prepared offer, for a join request that carries it. */
  async offer(): Promise<{ sdp: string; candidates: Candidate[] }> {
    this.prepare();
    const prepared = this.prepared;
    if (!prepared) throw new Error('closed');
    return prepared.offer();
  }

  /** The answer to the prepared offer, or null when the server gave none: then a fresh peer is made. */
  accept(answer: PeerAnswer | null): void {
    const first = this.prepared;
    this.prepared = null;
    if (first && answer) {
      void this.run(first, answer);
    } else {
      first?.close();
      void this.run(null, null);
    }
  }

  setTracks(audio: MediaStreamTrack | null, video: MediaStreamTrack | null): void {
    this.audio = audio;
    this.video = video;
    for (const peer of [this.prepared, this.peer]) peer?.setTracks(audio, video).catch(() => undefined);
  }

  /** The statistics of the peer of now. */
  async stats(): Promise<RTCStatsReport | null> {
    return (await this.peer?.pc.getStats()) ?? null;
  }

  /** Something says that the path is gone: make a fresh peer now, whatever still arrives on the old one. */
  renew(): void {
    if (this.closed) return;
    this.distrust = true;
    if (this.running) this.tryNow();
    else void this.run(null, null);
  }

  /** The network may have come back or changed: look closer, and try at once if anything is wrong. */
  nudge(): void {
    this.watchdog.suspect(Date.now());
    if (this.running) this.tryNow();
    else if (this.word.peek() === 'lost' || this.word.peek() === 'gave_up') void this.run(null, null);
    else this.sampleIn(DOUBT_SAMPLE_MS);
  }

  /** The server misses our media: at once if the connection is gone there, else unless it is heard again. */
  serverLost(lost: PeerLost): void {
    const peer = this.peer;
    if (!peer || (lost.peer_id !== null && lost.peer_id !== peer.id)) return;
    if (lost.gone) return this.renew();
    setTimeout(() => {
      if (this.peer === peer && !this.running && this.ports.isMissed()) this.renew();
    }, HEARSAY_MS);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.sampler !== null) clearTimeout(this.sampler);
    this.attempt?.abort();
    this.wake?.();
    this.prepared?.close();
    this.peer?.close();
    this.say('idle');
  }

  private say(word: PathWord): void {
    batch(() => {
      if (word !== 'lost') this.lostSinceMs.value = null;
      else if (this.word.peek() !== 'lost') this.lostSinceMs.value = Date.now();
      this.word.value = word;
    });
  }

  /** Do not wait for the next attempt; one that hangs in the old network is given up. */
  private tryNow(): void {
    this.hurry = true;
    this.wake?.();
    if (!isUp(this.attempted)) this.attempt?.abort();
  }

  /** The old path is back before the fresh one stands: go on with it. */
  private heal(): void {
    // One that has found its way is as good as connected: the server may have changed over already.
    if (isUp(this.attempted)) return;
    this.healed = true;
    this.attempt?.abort();
    this.wake?.();
  }

  /** Try until a peer stands, the old one is back, the time is up, or it is clear that it will never be. */
  private async run(first: Peer | null, answer: PeerAnswer | null): Promise<void> {
    if (this.running || this.closed) return;
    this.running = true;
    this.healed = this.hurry = false;
    if (!this.peer) this.say('connecting');
    else if (this.distrust) this.say('lost');
    const startedMs = Date.now();
    let next: { peer: Peer; answer: PeerAnswer | null } | null = first ? { peer: first, answer } : null;
    const endScout = this.peer ? scout((ms) => this.ports.ask(ms), () => this.tryNow()) : null;
    try {
      for (let attempt = 0; Date.now() - startedMs < KEEP_TRYING_MS; attempt += 1) {
        if (this.hurry) attempt = 0;
        if (!next && !this.hurry) await this.pause(retryWaitMs(attempt, Math.random()));
        this.hurry = false;
        if (this.closed || this.healed) return;
        const trying: { peer: Peer; answer: PeerAnswer | null } = next ?? { peer: new Peer(this.ports.createPeer), answer: null };
        next = null;
        try {
          await this.establish(trying.peer, trying.answer);
          return;
        } catch (error) {
          trying.peer.close();
          if (this.ports.isFinal(error)) return;
          if (!this.healed && !this.closed && (attempt >= 1 || this.distrust)) this.say('lost');
        } finally {
          this.attempt = this.attempted = null;
        }
      }
      if (!this.closed) this.say('gave_up');
    } finally {
      endScout?.();
      this.running = this.distrust = false;
      if (this.healed && !this.closed) {
        this.say('connected');
        this.returns.value += 1;
      }
    }
  }

  private async establish(peer: Peer, known: PeerAnswer | null): Promise<void> {
    const attempt = (this.attempt = new AbortController());
    this.attempted = peer;
    const given = new Promise<never>((_, reject) => attempt.signal.addEventListener('abort', () => reject(new Error('given up'))));
    given.catch(() => undefined);
    await peer.setTracks(this.audio, this.video);
    let answer = known;
    if (!answer) {
      const offer = await peer.offer();
      answer = await Promise.race([this.ports.exchange(offer.sdp, offer.candidates, attempt.signal), given]);
    }
    const isFirst = this.peer === null;
    await peer.accept(answer, (peerId, candidates) => this.ports.trickle(peerId, candidates));
    this.shows.value = peer.shows;
    // The very first picture may arrive before we hear that the path is up.
    if (isFirst) this.remote.value = peer.remote;
    await withLimit(Promise.race([peer.connected, given]), CONNECT_LIMIT_MS);
    if (this.closed) throw new Error('closed');
    const before = this.peer;
    this.peer = peer;
    await peer.setTracks(this.audio, this.video);
    this.watchdog = new Watchdog();
    this.frozenSinceMs = null;
    peer.onLost = () => {
      if (this.peer === peer) this.renew();
    };
    batch(() => {
      this.current.value = peer;
      this.remote.value = peer.remote;
      this.say('connected');
      if (before) this.returns.value += 1;
      this.frozen.value = false;
    });
    before?.close();
    this.sampleIn(SAMPLE_MS);
  }

  /** A pause that `renew` cuts short. */
  private pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const cut = () => done();
      this.wake = cut;
      const self = this;
      function done() {
        clearTimeout(timer);
        if (self.wake === cut) self.wake = null;
        resolve();
      }
    });
  }

  private sampleIn(ms: number): void {
    if (this.sampler !== null) clearTimeout(this.sampler);
    if (!this.peer || this.closed) return;
    this.sampler = setTimeout(() => {
      this.sampler = null;
      void this.sample().then((inDoubt) => {
        if (this.sampler === null) this.sampleIn(inDoubt ? DOUBT_SAMPLE_MS : SAMPLE_MS);
      });
    }, ms);
  }

  /** Look at what has arrived; gives whether to look again soon. */
  private async sample(): Promise<boolean> {
    const peer = this.peer;
    if (!peer || this.closed) return false;
    const counted = await countArrivals(peer.pc);
    if (!counted || this.peer !== peer || this.closed) return this.running;
    const nowMs = Date.now();
    const state = this.watchdog.step({
      nowMs,
      arrived: counted.arrived,
      // While we send, the server reports on it several times a second.
      expectsTraffic: this.audio !== null || this.video !== null,
      framesDecoded: counted.framesDecoded,
      expectsFrames: this.ports.expectsFrames(),
    });
    this.frozen.value = state.frozen;
    this.frozenSinceMs = state.frozen && !state.doubt ? (this.frozenSinceMs ?? nowMs) : null;
    if (this.frozenSinceMs !== null && nowMs - this.frozenSinceMs > FROZEN_LIMIT_MS) {
      this.frozenSinceMs = nowMs;
      this.renew();
    }
    if (state.silent && this.word.peek() === 'connected') this.say('lost');
    if (state.doubt && !this.running) void this.run(null, null);
    if (!state.doubt && !this.distrust && peer.pc.connectionState !== 'failed') {
      if (this.running) this.heal();
      else if (this.word.peek() !== 'connected') this.say('connected');
    }
    return this.running || state.doubt || state.quiet;
  }
}

/** Whether a peer that is being made has already found its way to the server. */
function isUp(peer: Peer | null): boolean {
  const state = peer?.pc.iceConnectionState;
  return state === 'connected' || state === 'completed';
}

function withLimit<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too slow')), ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
