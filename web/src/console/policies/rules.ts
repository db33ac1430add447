/** A return policy as the API has it; the server's `cases/policy_rules.py` is what counts. */
import { callWithEtag, get, post } from '../../base/api';
import type { Outcome, Reason, Timestamp } from '../../base/protocol/words';

export type Match = 'any_of' | 'none_of';
export type NumberFact = 'days_since_delivery' | 'quantity' | 'refused_share';
export type MoneyFact = 'price' | 'value';
export type Fact = NumberFact | MoneyFact | 'returns' | 'market' | 'category' | 'reason' | 'photographs';
export type Within = 30 | 90 | 365;

interface Between { readonly at_least?: number | null; readonly at_most?: number | null }
export type Condition =
  | ({ readonly fact: NumberFact } & Between)
  | ({ readonly fact: 'returns'; readonly within_days: Within } & Between)
  | { readonly fact: MoneyFact; readonly currency: string; readonly at_least?: string | null; readonly at_most?: string | null }
  | { readonly fact: 'market' | 'category'; readonly match: Match; readonly values: readonly string[] }
  | { readonly fact: 'reason'; readonly match: Match; readonly values: readonly Reason[] }
  | { readonly fact: 'photographs'; readonly given: boolean };

export type AnswerKind = 'approve' | 'reject' | 'inspect_by_video' | 'offer' | 'ask_a_person';
export type Postage = 'seller' | 'buyer';
export type OfferKind = 'discount' | 'spare_part' | 'guidance';
export type Because = 'general' | 'window' | 'excluded' | 'fault' | 'value';
export type Answer =
  | { readonly kind: 'approve'; readonly postage: Postage }
  | { readonly kind: 'offer'; readonly offer: OfferKind; readonly percent?: number | null }
  | { readonly kind: 'reject' | 'inspect_by_video' | 'ask_a_person' };

export interface Rule {
  readonly name: string;
  readonly when: readonly Condition[];
  readonly answer: Answer;
  readonly because: Because;
}

export interface Policy {
  readonly title: string;
  readonly rules: readonly Rule[];
  readonly otherwise: Answer | null;
}

export type PolicyState = 'draft' | 'pilot' | 'tried' | 'scheduled' | 'live' | 'past';
export type PilotScope =
  | { readonly kind: 'share'; readonly percent: number }
  | { readonly kind: 'categories' | 'markets'; readonly values: readonly string[] };

export interface Version {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly state: PolicyState;
  readonly rule_count: number;
  readonly based_on: number | null;
  readonly previewed: boolean;
  readonly created_at: Timestamp;
  readonly created_by: string;
  readonly saved_at: Timestamp;
  readonly saved_by: string;
  readonly published_at: Timestamp | null;
  readonly published_by: string | null;
  readonly effective_from: Timestamp | null;
  readonly pilot: { readonly scope: PilotScope; readonly started_at: Timestamp; readonly started_by: string; readonly ended_at: Timestamp | null } | null;
}

export interface PolicyVersion extends Version, Policy {
  readonly revision: number;
}

export interface Finding {
  readonly code: string;
  readonly rule: string | null;
  readonly position: number | null;
  readonly fact: string | null;
  readonly others: readonly string[];
  readonly message: string;
}

export interface Checked {
  readonly findings: readonly Finding[];
  readonly words: readonly { readonly rule: string; readonly sentences: Readonly<Record<string, string>> }[];
}

export interface Starter {
  readonly key: string;
  readonly title: string;
  readonly words: string;
  readonly policy: Policy;
}

interface PreviewedAnswer { readonly answer: Answer; readonly rule: string | null; readonly missing: readonly Fact[] }
export interface PreviewedCase {
  readonly case_id: string;
  readonly order_number: string;
  readonly title: string;
  readonly opened_at: Timestamp;
  readonly before: PreviewedAnswer | null;
  readonly after: PreviewedAnswer;
}
export type Counts = Readonly<Partial<Record<AnswerKind, number>>>;
export interface Preview {
  readonly revision: number;
  readonly cases: number;
  readonly live_version: number | null;
  readonly before: Counts;
  readonly after: Counts;
  readonly changed: number;
  readonly changed_cases: readonly PreviewedCase[];
}

export interface EffectSide {
  readonly cases: number;
  readonly answers: Counts;
  readonly decided: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly hours_to_decision: number | null;
}
export interface Effect { readonly since: Timestamp; readonly until: Timestamp; readonly pilot: EffectSide; readonly rest: EffectSide }

export const ANSWER_KINDS: readonly AnswerKind[] = ['approve', 'inspect_by_video', 'offer', 'reject', 'ask_a_person'];
/** Which reasons the sentence to the buyer can give, by answer. */
export const REASONS_OF: Readonly<Record<AnswerKind, readonly Because[]>> = {
  approve: ['general', 'window', 'fault'],
  reject: ['general', 'window', 'excluded'],
  inspect_by_video: ['general', 'fault', 'value'],
  offer: ['general'],
  ask_a_person: ['general'],
};

const BASE = '/api/v1/policies';
const of = (id: string): string => `${BASE}/${encodeURIComponent(id)}`;
const matching = (version: PolicyVersion) => ({ headers: { 'If-Match': `"${version.revision}"` } });

export interface Page { readonly items: readonly Version[]; readonly next_cursor: number | null }
export const readVersions = (cursor: number | null = null) => get<Page>(cursor === null ? BASE : `${BASE}?cursor=${cursor}`);
export const readVersion = (id: string) => get<PolicyVersion>(of(id));
export const readStarters = () => get<{ notice: string; items: Starter[] }>('/api/v1/policy-starters');
export const readEffect = (id: string) => get<Effect>(`${of(id)}/effect`);
export const checkRules = (policy: Policy, signal: AbortSignal) => post<Checked>(`${BASE}/check`, policy, { signal });
export const createVersion = (policy: Policy, basedOn: number | null) => post<PolicyVersion>(BASE, { ...policy, based_on: basedOn });
export const saveVersion = async (version: PolicyVersion, policy: Policy) => (await callWithEtag<PolicyVersion>('PUT', of(version.id), { body: policy, ...matching(version) })).value;
export const previewVersion = (id: string) => post<Preview>(`${of(id)}/preview`, { cases: 200 }, { timeoutMs: 30_000 });
export const publishVersion = (version: PolicyVersion, from: string | null) => post<PolicyVersion>(`${of(version.id)}/publish`, { effective_from: from }, matching(version));
export const startPilot = (version: PolicyVersion, scope: PilotScope) => post<PolicyVersion>(`${of(version.id)}/pilot`, { scope }, matching(version));
export const rollBack = (id: string) => post<PolicyVersion>(`${of(id)}/roll-back`);
const remove = async (version: PolicyVersion, what: 'pilot' | 'publish') => (await callWithEtag<PolicyVersion>('DELETE', `${of(version.id)}/${what}`, matching(version))).value;
export const endPilot = (version: PolicyVersion) => remove(version, 'pilot');
export const withdraw = (version: PolicyVersion) => remove(version, 'publish');
