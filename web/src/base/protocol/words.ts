/** What things are called on the wire: states, reasons, roles, outcomes. The messages are those of docs/protocol.md; nothing here acts. */
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
export type OfferKind = 'discount' | 'spare_part' | 'guidance';
export type OfferWord = 'accept' | 'decline';

/* ---- Staff ---- */

export type StaffRole = 'inspector' | 'agent' | 'reviewer' | 'admin';
