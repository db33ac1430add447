/** A call: who is in it, its log, and what browsers send. The messages are those of docs/protocol.md; nothing here acts. */
import type { CaseView } from './case';
import type { Handover } from './desk';
import type { Capacity, ConnectionWord, Direction, Disposition, Liability, Outcome, Presence, Role, SessionState, Timestamp, Visibility, Voice } from './words';

/* ---- In a session ---- */

export interface Participant {
  id: string;
  role: Role;
  name: string;
  locale: string;
  presence: Presence;
  camera: boolean;
  microphone: boolean;
  connection: ConnectionWord;
  /** Of a host: whether they are the one who decides. */
  in_charge: boolean;
  /** Of an observer. */
  capacity: Capacity | null;
  voice: Voice | null;
}

export interface Queue {
  position: number;
  length: number;
  hosts_ready: number;
  expected_wait_s: number | null;
}

export interface Snapshot {
  id: string;
  case_id: string;
  direction: Direction;
  state: SessionState;
  created_at: Timestamp;
  waiting_since: Timestamp | null;
  live_at: Timestamp | null;
  ended_at: Timestamp | null;
  end_cause: string | null;
  recording: boolean;
  you: { participant_id: string; role: Role };
  participants: Participant[];
  handover: Handover | null;
  queue: Queue | null;
  case: CaseView;
  last_seq: number;
}

export interface Actor {
  role: string;
  name: string;
  participant_id: string | null;
}

/** What each kind of session-log event carries. */
export interface EventPayloads {
  session_opened: { direction: Direction };
  joined: { participant_id: string; role: Role; name: string; capacity?: Capacity; voice?: Voice };
  observer_invited: { link_id: string };
  observer_link_revoked: { link_id: string };
  observer_removed: { participant_id: string; name: string };
  voice: { participant_id: string; name: string; voice: Voice };
  handover_asked: { handover_id: string; to: string | null; language: string | null; note: string };
  handover_accepted: { handover_id: string; from: string; to: string; participant_id: string };
  handover_ended: { handover_id: string; outcome: 'refused' | 'unanswered' | 'taken_back' | 'successor_gone' };
  host_changed: { from: string; to: string; participant_id: string; cause: 'left' | 'gone' };
  host_took: { name: string };
  host_released: Record<string, never>;
  presence: { participant_id: string; presence: Presence };
  peer_connected: { participant_id: string; codec: string | null };
  peer_lost: { participant_id: string };
  consent_given: { version: string; locale: string; sha256?: string; agreed_at?: Timestamp };
  consent_withdrawn: Record<string, never>;
  message: { text: string; locale: string };
  marker: { label: string; at_ms: number };
  still_taken: { still_id: string; participant_id: string; at_ms: number };
  still_cut: {
    still_id: string;
    sha256: string;
    width: number;
    height: number;
    recording_id: string;
    recording_ms: number;
  };
  still_failed: { still_id: string; reason: string };
  media_state: { camera: boolean; microphone: boolean };
  sound_asked: Record<string, never>;
  sound_answered: { heard: boolean };
  finding: { finding_id: string; words: string };
  finding_answer: { finding_id: string; answer: FindingAnswer; words: string };
  bench_attached: { participant_id: string; name: string; codec: string | null };
  bench_detached: { participant_id: string; name: string };
  device_asked: Record<string, never>;
  device_answered: { answer: 'yes' | 'no' };
  recording_opened: {
    recording_id: string;
    participant_id: string;
    container: 'mp4' | 'webm';
    t0_ms: number;
  };
  gap: {
    participant_id: string;
    recording_id: string | null;
    from_ms: number;
    to_ms: number;
    cause: string;
  };
  verdict: { outcome: Outcome; disposition: Disposition; liability: Liability; note: string };
  ended: { cause: string };
  device_key: { participant_id: string; jwk: Readonly<Record<string, string>> };
  sealed: { root: string; recordings: number; fragments: number; number?: number; complete?: boolean };
  time_stamped: { number: number; renewal: number; stamped_at: Timestamp; sha256: string };
}

export type EventKind = keyof EventPayloads;
export type FindingAnswer = 'agree' | 'disagree' | 'note';

interface EventBase<K extends EventKind> {
  seq: number;
  kind: K;
  at: Timestamp;
  actor: Actor;
  visibility: Visibility;
  client_id: string | null;
  payload: EventPayloads[K];
}

/** One event of the session log; `kind` decides the payload. */
export type SessionEvent = { [K in EventKind]: EventBase<K> }[EventKind];
export type EventOf<K extends EventKind> = EventBase<K>;

export interface EventPage {
  events: SessionEvent[];
  last_seq: number;
}

export interface VerdictIn {
  outcome: Outcome | null;
  disposition: Disposition | null;
  liability: Liability | null;
  note: string;
}

/* ---- Socket.IO ---- */

export type Acknowledgement = { ok: true; seq?: number } | { ok: false; code: string; message: string };
export type ClockAnswer = { ok: true; now_ms: number } | { ok: false; code: string; message: string };

/** Logged messages a browser sends; every one carries a `client_id`. */
export interface SendBodies {
  'message.send': { text: string; locale: string };
  'marker.set': { label: string; at_ms: number | null };
  'media.state': { camera: boolean; microphone: boolean };
  'sound.ask': Record<string, never>;
  'sound.answer': { heard: boolean };
  'finding.state': { words: string };
  'finding.answer': { finding_id: string; answer: FindingAnswer; words: string };
}

export interface SessionChange {
  state: SessionState;
  participants: Participant[];
  handover: Handover | null;
  queue: Queue | null;
  recording: boolean;
}

export interface DeviceAsks {
  device_id: string;
  user_agent: string;
}
