/** A browser's connection: peers, servers, checks before a call, how it goes. The messages are those of docs/protocol.md; nothing here acts. */
import type { ConnectionWord, Timestamp } from './words';

export interface Candidate {
  candidate: string;
  sdp_mid: string | null;
  sdp_m_line_index: number | null;
}

export interface PeerTrack {
  track_id: string;
  mid: string;
  kind: 'audio' | 'video';
  codec: string;
}

export interface PeerAnswer {
  peer_id: string;
  answer: string;
  tracks: PeerTrack[];
}

/** The TURN servers a browser may use, and until when; null is given to those who may not join. */
export interface Ice {
  servers: { urls: string[]; username: string; credential: string }[];
  expires_at: Timestamp | null;
}

/** What a page found out about its network before the call; null is what it could not find out. */
export interface Precheck {
  websocket: boolean | null;
  /** Whether packets reach the media server directly. */
  udp: boolean | null;
  /** By which way they pass through a TURN server. */
  relay: 'udp' | 'tcp' | 'tls' | 'none' | null;
  rtt_ms: number | null;
  uplink_bps: number | null;
  downlink_bps: number | null;
  took_ms: number;
}

/** What `POST …/precheck` answers. */
export interface PrecheckTarget {
  echo: { ufrag: string; pwd: string; addresses: { host: string; port: number }[] } | null;
  ice: Ice | null;
}

/** How the other person's picture went since the last report; `first_frame_ms` is told once. */
export interface PictureReport {
  watched_ms: number;
  frozen_ms: number;
  freezes: number;
  first_frame_ms: number | null;
}

export interface Quality {
  participant_id: string;
  word: ConnectionWord;
  rtt_ms: number | null;
  loss: number | null;
  /** How the two directions are: what this person sends, what they receive. */
  up: ConnectionWord;
  down: ConnectionWord;
  /** How this person's picture arrives at the server; null without one. */
  picture: 'moving' | 'slow' | 'stills' | null;
  /** This person is shown stills, so that the sound gets through. */
  thinned: boolean;
}

/** What this browser is asked to send at most: a rung of the ladder (live/rungs.ts). */
export interface Advice {
  rung: string;
  max_bitrate_bps: number;
  max_framerate: number;
  max_height: number;
  video: boolean;
}

/** The server misses our media; a connection that is not `gone` may be heard again. */
export interface PeerLost {
  peer_id: string | null;
  gone: boolean;
}
