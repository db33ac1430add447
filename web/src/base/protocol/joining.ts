/** What a buyer's link shows, and how one joins. The messages are those of docs/protocol.md; nothing here acts. */
import type { Candidate, Ice, PeerAnswer, Precheck } from './connection';
import type { Snapshot } from './session';
import type { CaseState, Direction, OfferKind, OfferWord, Outcome, Reason, SessionState, Timestamp } from './words';

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
