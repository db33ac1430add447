/** One peer connection with the five fixed m-lines, from its offer to its end; it is never renegotiated. */
import type { Candidate, PeerAnswer } from '../base/protocol/connection';

export type PeerFactory = () => RTCPeerConnection;

/** Until adaptation.ts knows better: what the ladder's middle rung asks (rungs.ts). */
const AT_FIRST: RTCRtpEncodingParameters = { maxBitrate: 1_200_000, maxFramerate: 15 };

/** What the m-lines of every offer are, in order (docs/architecture.md). */
export const M_LINES = [
  { kind: 'audio', direction: 'sendrecv' },
  { kind: 'video', direction: 'sendrecv' },
  { kind: 'audio', direction: 'recvonly' },
  { kind: 'video', direction: 'recvonly' },
  { kind: 'video', direction: 'recvonly' },
] as const;

type Codec = { mimeType: string; sdpFmtpLine?: string };

/** H.264 with single-slice packets first, VP8 next, with their repair formats; the rest is not relayed. */
export function orderVideoCodecs<C extends Codec>(codecs: readonly C[]): C[] {
  const rank = (codec: C): number => {
    const type = codec.mimeType.toLowerCase();
    const line = codec.sdpFmtpLine ?? '';
    if (type === 'video/h264') {
      if (!line.includes('packetization-mode=1')) return -1;
      const profile = /profile-level-id=([0-9a-f]{4})/i.exec(line)?.[1]?.toLowerCase();
      return profile === '42e0' ? 0 : profile === '4200' ? 1 : -1;
    }
    if (type === 'video/vp8') return 2;
    return type === 'video/rtx' ? 3 : -1;
  };
  const kept = codecs.filter((codec) => rank(codec) >= 0);
  return kept.some((codec) => rank(codec) < 3) ? kept.sort((a, b) => rank(a) - rank(b)) : [...codecs];
}

/** The video formats agreed on for the other person's picture: of the answer's line 1. */
export function videoCodecs(answer: string): string[] {
  const line = answer.split(/^m=/m).find((section) => /^a=mid:1\s*$/m.test(section)) ?? '';
  return [...line.matchAll(/^a=rtpmap:\d+ ([^/\s]+)\//gm)].map((found) => found[1] ?? '').filter((name) => name !== 'rtx');
}

/** The offer with lost sound repaired as well: browsers can, and do not offer it by themselves. */
export function withSoundRepair(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000/m.exec(sdp)?.[1];
  if (!opus || sdp.includes(`a=rtcp-fb:${opus} nack`)) return sdp;
  return sdp.replaceAll(new RegExp(`^(a=rtpmap:${opus} opus/48000[^\\r\\n]*)`, 'gm'), `$1\r\na=rtcp-fb:${opus} nack`);
}

/** The other people's media, as streams that a video element can take at once. */
export interface RemoteMedia {
  /** The other party on 0/1, an observer on 2/3, the bench camera on 4. */
  readonly main: MediaStream;
  readonly observer: MediaStream;
  readonly bench: MediaStream;
}

export class Peer {
  readonly pc: RTCPeerConnection;
  readonly remote: RemoteMedia;
  /** Settles once: the path is up, or this peer is of no use any more. */
  readonly connected: Promise<void>;
  onLost: (() => void) | null = null;
  /** The video formats that this browser can show, once the answer has come. */
  shows: readonly string[] = [];
  private readonly offering: Promise<string>;
  private readonly found: Candidate[] = [];
  private gathered = false;
  private peerId: string | null = null;
  private trickle: ((peerId: string, candidates: Candidate[]) => Promise<void>) | null = null;
  private flushing = false;
  private closed = false;
  private fail: (error: Error) => void = () => undefined;

  constructor(factory: PeerFactory) {
    this.pc = factory();
    const transceivers = M_LINES.map(({ kind, direction }, index) =>
      this.pc.addTransceiver(kind, index === 1 ? { direction, sendEncodings: [AT_FIRST] } : { direction }),
    );
    const codecs = typeof RTCRtpReceiver === 'undefined' ? null : RTCRtpReceiver.getCapabilities('video')?.codecs;
    if (codecs) {
      for (const transceiver of transceivers) {
        if (transceiver.receiver.track.kind !== 'video') continue;
        try {
          transceiver.setCodecPreferences?.(orderVideoCodecs(codecs));
        } catch {
          // A browser that refuses the order still has its own; the server answers with what it can.
        }
      }
    }
    const receive = (...indices: number[]) =>
      new MediaStream(indices.flatMap((index) => transceivers[index]?.receiver.track ?? []));
    this.remote = { main: receive(0, 1), observer: receive(2, 3), bench: receive(4) };
    this.connected = new Promise((resolve, reject) => {
      this.fail = reject;
      this.pc.addEventListener('connectionstatechange', () => {
        const state = this.pc.connectionState;
        if (state === 'connected') resolve();
        if (state === 'failed' || state === 'closed') {
          reject(new Error(`peer ${state}`));
          if (!this.closed) this.onLost?.();
        }
      });
    });
    this.connected.catch(() => undefined);
    this.pc.addEventListener('icecandidate', ({ candidate }) => {
      if (!candidate || !candidate.candidate) this.gathered = candidate === null || this.gathered;
      else this.found.push({ candidate: candidate.candidate, sdp_mid: candidate.sdpMid, sdp_m_line_index: candidate.sdpMLineIndex });
      void this.flush();
    });
    this.offering = this.makeOffer();
    this.offering.catch(() => undefined);
  }

  /** The server's name for this connection, once it has answered. */
  get id(): string | null {
    return this.peerId;
  }

  private async makeOffer(): Promise<string> {
    const offer = await this.pc.createOffer();
    const repaired = withSoundRepair(offer.sdp ?? '');
    // A browser that does not repair sound still sends it.
    const sdp = await this.pc.setLocalDescription({ type: 'offer', sdp: repaired }).then(
      () => repaired,
      async () => (await this.pc.setLocalDescription(offer), offer.sdp ?? ''),
    );
    return sdp;
  }

  /** The offer and the candidates found so far; those found later are trickled. */
  async offer(): Promise<{ sdp: string; candidates: Candidate[] }> {
    const sdp = await this.offering;
    return { sdp, candidates: this.found.splice(0) };
  }

  async accept(answer: PeerAnswer, trickle: (peerId: string, candidates: Candidate[]) => Promise<void>): Promise<void> {
    this.peerId = answer.peer_id;
    this.shows = videoCodecs(answer.answer);
    this.trickle = trickle;
    await this.pc.setRemoteDescription({ type: 'answer', sdp: answer.answer });
    void this.flush();
  }

  /** Send these from now on; null sends nothing. */
  async setTracks(audio: MediaStreamTrack | null, video: MediaStreamTrack | null): Promise<void> {
    if (this.closed) return;
    const [audioLine, videoLine] = this.pc.getTransceivers();
    const set = async (sender: RTCRtpSender | undefined, track: MediaStreamTrack | null) => {
      if (sender && sender.track !== track) await sender.replaceTrack(track);
    };
    await Promise.all([set(audioLine?.sender, audio), set(videoLine?.sender, video)]);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.fail(new Error('peer closed'));
    this.pc.close();
  }

  private async flush(): Promise<void> {
    if (!this.peerId || !this.trickle || this.flushing) return;
    this.flushing = true;
    try {
      // Candidates come in bursts: one request for a burst.
      await new Promise((resolve) => setTimeout(resolve, 30));
      while (this.found.length > 0 && !this.closed) await this.trickle(this.peerId, this.found.splice(0));
      if (this.gathered && !this.closed) {
        this.gathered = false;
        await this.trickle(this.peerId, []);
      }
    } catch {
      // A lost candidate costs at most this attempt; the watchdog sees to the rest.
    } finally {
      this.flushing = false;
    }
  }
}
