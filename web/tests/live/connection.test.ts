import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionPorts } from '../../src/live/connection';

/** A peer connection whose path and arrivals a test decides; the browser's own is seen in tests/e2e. */
class FakePeer extends EventTarget {
  static made: FakePeer[] = [];
  connectionState = 'new';
  iceConnectionState = 'new';
  arrived = 0;
  closed = false;

  constructor() {
    super();
    FakePeer.made.push(this);
  }
  addTransceiver(kind: string) {
    return { receiver: { track: { kind } }, sender: { track: null, replaceTrack: async () => undefined } };
  }
  getTransceivers() {
    return [];
  }
  async createOffer() {
    return { sdp: 'offer' };
  }
  async setLocalDescription() {}
  async setRemoteDescription() {}
  async getStats() {
    return new Map([['t', { type: 'transport', packetsReceived: this.arrived }]]);
  }
  come(state: string) {
    this.connectionState = state;
    this.iceConnectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
  close() {
    this.closed = true;
  }
}

class World {
  online = true;
  missed = false;
  exchanged = 0;
  connection: Connection;

  constructor() {
    FakePeer.made = [];
    const ports: ConnectionPorts = {
      createPeer: () => new FakePeer() as unknown as RTCPeerConnection,
      exchange: (_offer, _candidates, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          setTimeout(() => reject(new Error('timeout')), 8_000);
          if (this.online) resolve({ peer_id: `peer_${(this.exchanged += 1)}`, answer: 'answer', tracks: [] });
        }),
      trickle: async () => undefined,
      ask: async () => {
        if (!this.online) throw new Error('offline');
      },
      expectsFrames: () => false,
      isMissed: () => this.missed,
      isFinal: () => false,
    };
    this.connection = new Connection(ports);
    this.connection.setTracks({ kind: 'audio' } as MediaStreamTrack, null);
  }

  get newest(): FakePeer {
    const peer = FakePeer.made.at(-1);
    if (!peer) throw new Error('none');
    return peer;
  }

  /** Connected, with packets coming. */
  async begin(): Promise<FakePeer> {
    this.connection.renew();
    await vi.advanceTimersByTimeAsync(10);
    const first = this.newest;
    first.come('connected');
    await this.runs(2_000, first);
    return first;
  }

  /** Time passes; packets come on these peers. */
  async runs(ms: number, ...alive: FakePeer[]): Promise<void> {
    for (let at = 0; at < ms; at += 50) {
      for (const peer of alive) peer.arrived += 1;
      await vi.advanceTimersByTimeAsync(50);
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', class {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a connection through an outage', () => {
  it('keeps the old path when it is heard again before the fresh one stands', async () => {
    const world = new World();
    const first = await world.begin();
    world.online = false;
    await world.runs(4_000);
    expect(world.connection.word.value).toBe('lost');
    expect(FakePeer.made.length).toBeGreaterThan(1);
    await world.runs(400, first);
    expect(world.connection.word.value).toBe('connected');
    const made = FakePeer.made.length;
    world.online = true;
    await world.runs(20_000, first);
    expect(FakePeer.made.length).toBe(made);
    expect(FakePeer.made.filter((peer) => !peer.closed)).toEqual([first]);
    expect(world.connection.returns.value).toBe(1);
  });

  it('does not give up a fresh one that has found its way already', async () => {
    const world = new World();
    const first = await world.begin();
    await world.runs(1_500);
    const fresh = world.newest;
    expect(fresh).not.toBe(first);
    fresh.iceConnectionState = 'connected';
    await world.runs(500, first);
    expect(fresh.closed).toBe(false);
    fresh.come('connected');
    await world.runs(1_000, fresh);
    expect(first.closed).toBe(true);
    expect(world.connection.word.value).toBe('connected');
  });

  it('says nothing of a pause too short to be one', async () => {
    const world = new World();
    const first = await world.begin();
    await world.runs(850);
    await world.runs(3_000, first);
    expect(FakePeer.made).toEqual([first]);
  });

  it('tries again at once when the server can be reached after it could not', async () => {
    const world = new World();
    await world.begin();
    world.online = false;
    await world.runs(30_000);
    world.online = true;
    await world.runs(1_600);
    const fresh = world.newest;
    fresh.come('connected');
    await world.runs(200, fresh);
    expect(world.connection.word.value).toBe('connected');
  });

  it('goes on trying for more than five minutes', async () => {
    const world = new World();
    await world.begin();
    world.online = false;
    await world.runs(6 * 60_000);
    expect(world.connection.word.value).toBe('lost');
    const made = FakePeer.made.length;
    await world.runs(20_000);
    expect(FakePeer.made.length).toBeGreaterThan(made);
  }, 20_000);
});

describe('what the server says of an outage', () => {
  it('is ignored when it comes late, is of another connection, or is over', async () => {
    const world = new World();
    const first = await world.begin();
    world.connection.serverLost({ peer_id: 'peer_other', gone: true });
    world.connection.serverLost({ peer_id: 'peer_1', gone: false });
    await world.runs(3_000, first);
    expect(FakePeer.made).toEqual([first]);
  });

  it('is believed against what arrives here when only our own way is dead', async () => {
    const world = new World();
    const first = await world.begin();
    world.missed = true;
    world.connection.serverLost({ peer_id: 'peer_1', gone: false });
    await world.runs(1_500, first);
    const fresh = world.newest;
    expect(fresh).not.toBe(first);
    fresh.come('connected');
    await world.runs(500, fresh);
    expect(first.closed).toBe(true);
  });

  it('is believed at once when the connection is gone there', async () => {
    const world = new World();
    const first = await world.begin();
    world.connection.serverLost({ peer_id: 'peer_1', gone: true });
    await vi.advanceTimersByTimeAsync(50);
    expect(world.newest).not.toBe(first);
    expect(world.connection.word.value).toBe('lost');
  });
});
