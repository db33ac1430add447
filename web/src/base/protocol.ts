/** The messages of docs/protocol.md as types; nothing here acts. */

export type Direction = 'buyer_shows' | 'warehouse_shows';
export type SessionState = 'waiting' | 'held' | 'live' | 'ended';
export type Presence = 'here' | 'away' | 'left';
/** `bench` is no person but the warehouse's fixed camera. */
export type Role = 'buyer' | 'host' | 'observer' | 'bench';
export type CaseState =
  | 'filed'
  | 'keep_offered'
  | 'inspection_offered'
  | 'waiting'
  | 'live'
  | 'inspected'
  | 'decided'
  | 'label_given'
  | 'shipped'
  | 'received'
  | 'checked'
  | 'resolved'
  | 'refunded'
  | 'partly_refunded'
  | 'exchanged'
  | 'sent_back'
  | 'rejected'
  | 'appealed'
  | 'disputed'
  | 'closed';
/** What somebody may do on purpose with a case, besides inviting, deciding and closing. */
export type MoveName =
  | 'give_label'
  | 'ship'
  | 'receive'
  | 'check'
  | 'resolve'
  | 'refund'
  | 'refund_partly'
  | 'exchange'
  | 'send_back'
  | 'reject'
  | 'appeal'
  | 'dispute';
export type Grade = 'A' | 'B' | 'C' | 'D';
export type Reason =
  | 'damaged'
  | 'defective'
  | 'not_as_described'
  | 'wrong_item'
  | 'missing_parts'
  | 'colour_differs'
  | 'size_fit'
  | 'changed_mind'
  | 'other';
export type Outcome =
  | 'resolved_without_return'
  | 'refund'
  | 'partial_refund'
  | 'exchange'
  | 'send_back'
  | 'reject';
export type Disposition =
  | 'restock'
  | 'refurbish'
  | 'quarantine'
  | 'dispose'
  | 'missing'
  | 'not_received';
export type Liability = 'product' | 'description' | 'packing' | 'carrier' | 'buyer' | 'unclear';
export type ConnectionWord = 'good' | 'weak' | 'bad' | 'lost';
/** As what an observer is there, and whether they are heard. */
export type Capacity = 'interpreter' | 'supervisor' | 'agent' | 'colleague';
export type Voice = 'silent' | 'asks' | 'speaks';
export type Visibility = 'parties' | 'seller' | 'internal';
/** An RFC 3339 time in UTC. */
export type Timestamp = string;

export interface Claim {
  reason: Reason;
  words: string;
  locale: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: { field: string; message: string }[];
  retry_after_s?: number;
}

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

export interface Consent {
  version: string;
  locale: string;
}

/** What a person agrees to before being recorded, in each language. */
export interface ConsentWords {
  version: string;
  text: Record<string, string>;
}

/** The same for who works here: `agreed` once they have, to these words. */
export interface StaffConsentWords extends ConsentWords {
  agreed: { locale: string; at: Timestamp } | null;
}

/* ---- Buyer ---- */

export interface JoinItem {
  sku: string;
  title: string;
  quantity: number;
  picture: string | null;
}

/** What the seller's policy answered, for the buyer. */
export interface BuyerAnswer {
  rule: string | null;
  answer: { kind: 'approve' | 'reject' | 'inspect_by_video' | 'offer' | 'ask_a_person'; offer?: OfferKind };
  sentences: Record<string, string>;
  amount: string | null;
  currency: string;
  buyer_word: OfferWord | null;
}

export type OfferKind = 'discount' | 'spare_part' | 'guidance';
export type OfferWord = 'accept' | 'decline';

export interface JoinView {
  state: 'open' | 'offer' | 'asking' | 'other_device' | 'ended';
  tenant: { name: string };
  warehouse: { name: string; city: string } | null;
  case: {
    id: string;
    order_number: string;
    buyer_name: string;
    buyer_locale: string;
    state: CaseState;
    claim: Claim;
    items: JoinItem[];
    direction: Direction;
    policy_answer: BuyerAnswer | null;
  };
  session: { id: string; state: SessionState; participant_id: string } | null;
  hosts_ready: number;
  queue_length: number;
  expected_wait_s: number | null;
  consent: ConsentWords;
  ice: Ice | null;
  outcome: {
    outcome: Outcome | null;
    note: string;
    by_policy: boolean;
    /** Whether there was a call about it. */
    seen: boolean;
    decided_at: Timestamp | null;
    stills: { still_id: string; at_ms: number }[];
    parcels: Parcel[];
    settlements: Settlement[];
    currency: string;
    may_appeal: boolean;
  } | null;
}

/** A parcel: back to the warehouse, or out to the buyer. */
export interface Parcel {
  way: 'back' | 'out';
  carrier: string | null;
  tracking_number: string | null;
  label_url: string | null;
  label_id: string | null;
  label_type: string | null;
  status: string | null;
  status_at: Timestamp | null;
  address: string | null;
  created_at: Timestamp;
  shipped_at: Timestamp | null;
  received_at: Timestamp | null;
}

/** What the buyer was given. */
export interface Settlement {
  kind: 'refund' | 'refund_partly' | 'exchange';
  amount: string | null;
  reference: string | null;
  at: Timestamp;
}

export interface JoinRequest {
  consent: Consent;
  locale: string;
  offer: string | null;
  candidates: Candidate[];
  precheck: Precheck | null;
  public_key: JsonWebKey | null;
}

export interface Joined {
  session: Snapshot;
  participant_id: string;
  peer: PeerAnswer | null;
}

/* ---- Staff ---- */

export type StaffRole = 'inspector' | 'agent' | 'reviewer' | 'admin';

export interface Staff {
  id: string;
  name: string;
  email: string;
  roles: StaffRole[];
  organisation: { kind: 'tenant' | 'warehouse'; id: string; name: string };
  locale: string;
  second_factor: 'none' | 'on' | 'to_set_up';
}

export interface DeskEntry {
  case_id: string;
  buyer_name: string;
  buyer_locale: string;
  order_number: string;
  tenant_name: string;
  title: string;
  picture: string | null;
  claim: { reason: Reason; words: string };
  direction: Direction;
  presence?: Presence;
}

export interface WaitingEntry extends DeskEntry {
  session_id: string;
  waiting_since: Timestamp;
}

/** A call under way that this person may observe. */
export interface LiveEntry extends DeskEntry {
  session_id: string;
  host_name: string;
  since: Timestamp;
  observers: number;
}

/** Another host asks this person to take over, until then. */
export interface Ring {
  handover_id: string;
  session_id: string;
  from: string;
  note: string;
  buyer_name: string;
  buyer_locale: string;
  title: string;
  until: Timestamp;
}

export interface Desk {
  live: LiveEntry[];
  rings: Ring[];
  ready: boolean;
  ready_since: Timestamp | null;
  mine: { session_id: string; case_id: string } | null;
  consent: StaffConsentWords;
  ice: Ice;
  waiting: WaitingEntry[];
  expected: DeskEntry[];
}

/* ---- Observer ---- */

export interface ObserveView {
  state: 'open' | 'waiting' | 'other_device';
  tenant: { name: string };
  host_name: string | null;
  host_locale: string | null;
  buyer_locale: string;
  session: { id: string; presence: Presence } | null;
  name: string | null;
  removed: boolean;
  consent: ConsentWords;
  ice: Ice | null;
}

export interface ObserverLink {
  link_id: string;
  created_at: Timestamp;
  used_by: string | null;
}

/* ---- Hand-over ---- */

export interface HostToAsk {
  staff_id: string;
  name: string;
  locale: string;
  of_the_seller: boolean;
  busy: boolean;
}

/** `to` is said once somebody has accepted. */
export interface Handover {
  handover_id: string;
  state: 'ringing' | 'accepted';
  to: string | null;
  until: Timestamp;
}

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

/** How the other person's picture went since the last report; `first_frame_ms` is told once. */
export interface PictureReport {
  watched_ms: number;
  frozen_ms: number;
  freezes: number;
  first_frame_ms: number | null;
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

export interface DeviceAsks {
  device_id: string;
  user_agent: string;
}

/* ---- API v1 ---- */

export interface CaseItem {
  sku: string;
  quantity: number;
  price: string;
  listing: { title: string; pictures: string[]; properties: Record<string, string> };
}

export interface CaseIn {
  order_number: string;
  buyer: { name: string; email: string | null; locale: string };
  currency: string;
  direction: Direction;
  warehouse_id: string | null;
  claim: Claim;
  items: CaseItem[];
}

export interface Verdict {
  outcome: Outcome;
  disposition: Disposition;
  liability: Liability;
  note: string;
  decided_at: Timestamp;
  decided_by: string;
  by_policy: boolean;
}

export interface CaseSession {
  id: string;
  state: SessionState;
  direction: Direction;
  created_at: Timestamp;
  live_at: Timestamp | null;
  ended_at: Timestamp | null;
  duration_s: number | null;
  recorded: boolean;
}

/** What the seller's policy answered when the case was filed. */
export interface PolicyAnswer {
  version: number;
  rule: string | null;
  answer: { kind: string };
  missing: string[];
  sentence: string;
  sentences: Record<string, string>;
  piloted: boolean;
  answered_at: Timestamp;
  amount: string | null;
  owed: string | null;
  buyer_word: OfferWord | null;
}

/** One line of a case as the warehouse found it. */
export interface CheckedLine {
  returned: number;
  grade: Grade | null;
  disposition: Disposition;
  liability: Liability;
  note: string;
}

export interface CaseView extends Omit<CaseIn, 'warehouse_id' | 'items'> {
  id: string;
  items: (CaseIn['items'][number] & { checked: CheckedLine | null })[];
  parcels: Parcel[];
  settlements: Settlement[];
  moves: MoveName[];
  next_step: MoveName | 'decide' | 'close' | 'offer' | null;
  state: CaseState;
  version: number;
  created_at: Timestamp;
  updated_at: Timestamp;
  warehouse: { id: string; name: string; city: string } | null;
  tenant: { id: string; name: string };
  link: {
    state: 'active' | 'expired' | 'revoked' | 'none';
    expires_at: Timestamp | null;
    first_joined_at: Timestamp | null;
  };
  policy_answer: PolicyAnswer | null;
  verdict: Verdict | null;
  sessions: CaseSession[];
  tags: string[];
  /** As it was set: it may be past. */
  snoozed_until: Timestamp | null;
  kept_until: Timestamp | null;
  legal_hold: boolean;
}

export interface CaseSummary {
  id: string;
  order_number: string;
  buyer_name: string;
  buyer_locale: string;
  state: CaseState;
  title: string;
  picture: string | null;
  claim_reason: Reason;
  outcome: Outcome | null;
  updated_at: Timestamp;
  due_at: Timestamp | null;
  parcel_anomaly: 'stuck' | 'exception' | 'returned' | 'lost' | 'wrong_order' | null;
  assignee_staff_id: string | null;
  assignee_name: string | null;
  unread: boolean;
  tags: string[];
  snoozed_until: Timestamp | null;
  warehouse_id: string | null;
  warehouse_name: string | null;
  tenant_name: string;
  recorded: boolean;
  last_session_id: string | null;
  erased_at: Timestamp | null;
}

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface TimelineRecording {
  recording_id: string;
  participant: { id: string; role: Role; name: string };
  part: number;
  container: 'mp4' | 'webm';
  url: string;
  start_ms: number;
  duration_ms: number;
  width: number;
  height: number;
  fragments: number;
  root: string;
  clock: [number, number][];
}

export interface Timeline {
  session_id: string;
  case: CaseView;
  state: SessionState;
  complete: boolean;
  start_ms: number;
  end_ms: number;
  recordings: TimelineRecording[];
  gaps: EventPayloads['gap'][];
  stills: {
    still_id: string;
    state: string;
    at_ms: number;
    participant_id: string;
    image: string;
    preview: string | null;
  }[];
  events: SessionEvent[];
}
