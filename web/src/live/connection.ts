/** Keeps media flowing to the server: a prepared first peer, and a fresh one whenever a path dies. */
import { batch, signal } from '@preact/signals';
import type { Candidate, PeerAnswer } from '../base/protocol';
import { KEEP_TRYING_MS, retryWaitMs } from './backoff';
import { Peer, type PeerFactory, type RemoteMedia } from './peer';
import { Watchdog } from './watchdog';

/** `idle` before the first, `lost` while a fresh peer is being made, `gave_up` when only the person can go on. */
export type PathWord = 'idle' | 'connecting' | 'connected' | 'lost' | 'gave_up';

export interface ConnectionPorts {
  /** Send an offer, get the answer; throws when that fails. */
  exchange(offer: string, candidates: Candidate[]): Promise<PeerAnswer>;
  trickle(peerId: string, candidates: Candidate[]): Promise<void>;
  createPeer: PeerFactory;
  /** Whether the other person should be seen now. */
  expectsFrames(): boolean;
  /** True when the failure will not pass (the session has ended, we may not be here). */
  isFinal(error: unknown): boolean;
}

const CONNECT_LIMIT_MS = 8_000;
const SAMPLE_MS = 500;
/** A picture that stands still this long, on a living path, is worth a fresh peer. */
const FROZEN_LIMIT_MS = 8_000;

export class Connection {
  readonly word = signal<PathWord>('idle');
  /** The other people's media, null until there is any; it stays through an outage, as the last picture. */
  readonly remote = signal<RemoteMedia | null>(null);
  /** The peer that media goes through, null before the first. */
  readonly current = signal<Peer | null>(null);
  /** The other person's picture stands still although the path lives. */
  readonly frozen = signal(false);
  private readonly ports: ConnectionPorts;
  private prepared: Peer | null = null;
  private peer: Peer | null = null;
  private audio: MediaStreamTrack | null = null;
  private video: MediaStreamTrack | null = null;
  private running = false;
  private closed = false;
  private wake: (() => void) | null = null;
  private sampler: ReturnType<typeof setInterval> | null = null;
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

  /** Something says that the path is gone or worth trying again now: do not wait. */
  renew(): void {
    if (this.closed) return;
    if (this.running) this.wake?.();
    else void this.run(null, null);
  }

  /** The network has come back: try at once if anything is wrong. */
  nudge(): void {
    if (this.word.peek() === 'lost' || this.word.peek() === 'gave_up') this.renew();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.sampler !== null) clearInterval(this.sampler);
    this.wake?.();
    this.prepared?.close();
    this.peer?.close();
    this.word.value = 'idle';
  }

  /** Try until a peer stands, the time is up, or it is clear that it will never be. */
  private async run(first: Peer | null, answer: PeerAnswer | null): Promise<void> {
    if (this.running || this.closed) return;
    this.running = true;
    this.word.value = this.peer ? 'lost' : 'connecting';
    const startedMs = Date.now();
    let next: { peer: Peer; answer: PeerAnswer | null } | null = first ? { peer: first, answer } : null;
    try {
      for (let attempt = 0; !this.closed && Date.now() - startedMs < KEEP_TRYING_MS; attempt += 1) {
        if (attempt > 0 || !next) await this.pause(retryWaitMs(next ? attempt : Math.max(0, attempt), Math.random()));
        if (this.closed) break;
        const trying: { peer: Peer; answer: PeerAnswer | null } = next ?? { peer: new Peer(this.ports.createPeer), answer: null };
        next = null;
        try {
          await this.establish(trying.peer, trying.answer);
          return;
        } catch (error) {
          trying.peer.close();
          if (this.ports.isFinal(error)) return;
          if (attempt >= 1 || this.peer) this.word.value = 'lost';
        }
      }
      if (!this.closed) this.word.value = 'gave_up';
    } finally {
      this.running = false;
    }
  }

  private async establish(peer: Peer, known: PeerAnswer | null): Promise<void> {
    await peer.setTracks(this.audio, this.video);
    let answer = known;
    if (!answer) {
      const offer = await peer.offer();
      answer = await this.ports.exchange(offer.sdp, offer.candidates);
    }
    const isFirst = this.peer === null;
    await peer.accept(answer, (peerId, candidates) => this.ports.trickle(peerId, candidates));
    // The very first picture may arrive before we hear that the path is up.
    if (isFirst) this.remote.value = peer.remote;
    await withLimit(peer.connected, CONNECT_LIMIT_MS);
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
      this.word.value = 'connected';
      this.frozen.value = false;
    });
    before?.close();
    this.sampler ??= setInterval(() => void this.sample(), SAMPLE_MS);
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

  private async sample(): Promise<void> {
    const peer = this.peer;
    if (!peer || this.running || this.closed) return;
    const counters = await countArrivals(peer.pc);
    if (!counters || this.peer !== peer) return;
    const nowMs = Date.now();
    const state = this.watchdog.step({
      nowMs,
      arrived: counters.arrived,
      // While we send, the server reports on it several times a second.
      expectsTraffic: this.audio !== null || this.video !== null,
      framesDecoded: counters.framesDecoded,
      expectsFrames: this.ports.expectsFrames(),
    });
    this.frozen.value = state.frozen;
    this.frozenSinceMs = state.frozen ? (this.frozenSinceMs ?? nowMs) : null;
    const stuck = this.frozenSinceMs !== null && nowMs - this.frozenSinceMs > FROZEN_LIMIT_MS;
    if (stuck) this.frozenSinceMs = nowMs;
    if (state.silent || stuck) this.renew();
  }
}

interface Counters {
  arrived: number;
  framesDecoded: number;
}

/** The fields of getStats that we read; browsers leave some out. */
interface StatsEntry {
  type: string;
  kind?: string;
  mid?: string;
  nominated?: boolean;
  packetsReceived?: number;
  bytesReceived?: number;
  responsesReceived?: number;
  requestsReceived?: number;
  framesDecoded?: number;
}

async function countArrivals(pc: RTCPeerConnection): Promise<Counters | null> {
  try {
    let arrived = 0;
    let framesDecoded = 0;
    (await pc.getStats()).forEach((entry: StatsEntry) => {
      if (entry.type === 'candidate-pair') arrived += (entry.responsesReceived ?? 0) + (entry.requestsReceived ?? 0) + (entry.bytesReceived ?? 0);
      if (entry.type === 'transport') arrived += entry.packetsReceived ?? 0;
      if (entry.type === 'inbound-rtp') {
        arrived += entry.packetsReceived ?? 0;
        if (entry.kind === 'video' && (entry.mid === undefined || entry.mid === '1')) framesDecoded += entry.framesDecoded ?? 0;
      }
    });
    return { arrived, framesDecoded };
  } catch {
    return null;
  }
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
