/** What the server tells of a case's way back. */
export const SCAN_STATUSES = ['label_created', 'handed_over', 'in_transit', 'out_for_delivery', 'delivered', 'exception', 'returned', 'lost'] as const;
export type ScanStatus = (typeof SCAN_STATUSES)[number];
export const ANOMALIES = ['stuck', 'exception', 'returned', 'lost', 'wrong_order'] as const;

export interface TrackedParcel {
  readonly id: string;
  readonly way: 'back' | 'out';
  readonly carrier: string | null;
  readonly tracking_number: string | null;
  readonly label_url: string | null;
  readonly address: string | null;
  readonly shipped_at: string | null;
  readonly received_at: string | null;
  readonly status: ScanStatus | null;
  readonly anomaly: (typeof ANOMALIES)[number] | null;
  readonly asked: string | null;
  readonly scans: readonly { readonly status: ScanStatus; readonly at: string; readonly place: string; readonly words: string }[];
}
export interface PortRefund {
  readonly id: string;
  readonly state: 'ordered' | 'sent' | 'confirmed' | 'refused' | 'unclear';
  readonly amount: string;
  readonly currency: string;
  readonly remote_id: string | null;
  readonly why: string | null;
}
export interface CarrierClaim {
  readonly id: string;
  readonly parcel_id: string;
  readonly state: 'to_file' | 'filed' | 'accepted' | 'refused';
  readonly note: string;
  readonly reference: string | null;
  readonly amount: string | null;
}
export interface Way {
  readonly ports: readonly ('tracking' | 'label' | 'refund')[];
  readonly may_settle: boolean;
  readonly currency: string;
  readonly return_address: string | null;
  readonly parcels: readonly TrackedParcel[];
  readonly labels: readonly { readonly id: string; readonly state: 'ordered' | 'made' | 'refused'; readonly why: string | null }[];
  readonly refunds: readonly PortRefund[];
  readonly claims: readonly CarrierClaim[];
}
