/** A return case as its seller sees it. The messages are those of docs/protocol.md; nothing here acts. */
import type { Claim, Parcel, Settlement } from './joining';
import type { CaseState, Direction, Disposition, Grade, Liability, MoveName, OfferWord, Outcome, Reason, SessionState, Timestamp } from './words';

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
