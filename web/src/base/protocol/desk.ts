/** The inspector's desk, observers, and handing a call over. The messages are those of docs/protocol.md; nothing here acts. */
import type { Ice } from './connection';
import type { ConsentWords, StaffConsentWords } from './joining';
import type { Direction, Presence, Reason, StaffRole, Timestamp } from './words';

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
