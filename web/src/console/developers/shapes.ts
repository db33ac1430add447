/** What the developer routes answer (docs/protocol.md). */

export const SCOPES = ['cases:read', 'cases:write', 'evidence:read', 'policies:read', 'policies:write', 'webhooks:write', 'figures:read', 'keeping:write'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly beginning: string | null;
  readonly created_at: string;
  readonly last_used_at: string | null;
}

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly kinds: readonly string[];
  readonly enabled: boolean;
  readonly disabled_at: string | null;
  readonly disabled_note: 'by_hand' | 'failed_for_days' | 'gone' | null;
  readonly failing_since: string | null;
  readonly old_secret_until: string | null;
  readonly created_at: string;
}

export interface EndpointSecret {
  readonly endpoint: Endpoint;
  readonly secret: string;
}

export interface Kind {
  readonly kind: string;
  readonly words: string;
}

export type Failure = 'refused' | 'redirect' | 'timeout' | 'unreachable' | 'tls' | 'forbidden_address' | 'erased' | 'disabled';

export interface Attempt {
  readonly number: number;
  readonly at: string;
  readonly status: number | null;
  readonly failure: Failure | null;
  readonly latency_ms: number;
  readonly answer: string;
}

export const DELIVERY_STATES = ['waiting', 'ordered', 'delivered', 'given_up', 'held'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface Delivery {
  readonly id: string;
  readonly message_id: string;
  readonly kind: string;
  readonly case_id: string | null;
  readonly at: string;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly due_at: string | null;
  readonly last: Attempt | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}
