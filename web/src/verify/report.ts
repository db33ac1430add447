/** What a verifier found: one of four answers, and what, where and why; as `recorder/proof/report.py` has it. */

export type Answer = 'verified' | 'verified_with_gaps' | 'consistent_origin_unconfirmed' | 'not_verified';

export type ProblemCode =
  | 'zip' | 'checksum' | 'missing' | 'unlisted' | 'size' | 'digest' | 'too_large' | 'not_canonical' | 'format' | 'place'
  | 'key' | 'unknown_key' | 'signature' | 'order' | 'previous' | 'chain' | 'payload' | 'log_head' | 'table' | 'fragment'
  | 'root' | 'shrunk' | 'moments' | 'unread_moment' | 'still' | 'device_key' | 'receipt' | 'wrong_key' | 'bad_receipt' | 'bad_key'
  | 'tsa_unreadable' | 'tsa_refused' | 'tsa_imprint' | 'tsa_algorithm' | 'tsa_signature' | 'tsa_purpose' | 'tsa_validity' | 'tsa_future' | 'tsa_chain' | 'tsa_renewal' | 'bad_tsa_ca';

/** `at` is a fragment, an event, a checkpoint or a byte, by `code`. */
export interface Problem {
  readonly code: ProblemCode;
  readonly path: string;
  readonly at: number | null;
}

/** Evidence that is missing and admitted; nanoseconds as text. */
export interface Gap {
  readonly session_id: string;
  readonly participant_id: string;
  readonly from_ns: string;
  readonly to_ns: string;
  readonly cause: string;
}

export interface SessionReport {
  readonly session_id: string;
  manifests: number;
  recordings: number;
  fragments: number;
  stills: number;
  events: number;
  withheld: number;
  checkpoints: number;
  /** Checkpoints by participant. */
  readonly countersigned: { [participantId: string]: number };
}

/** From the first sample of a recording in a part to the last one; Unix milliseconds. */
export interface Covered {
  readonly recording_id: string;
  readonly participant_id: string;
  readonly from_ms: number;
  readonly to_ms: number;
}

/** The moments asked for, and what covers them, as proven. */
export interface PartFound {
  readonly session_id: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly covered: readonly Covered[];
}

/** A manifest that existed `at` a time, says an authority; `confirmed`: one that was given; `until` when its last renewal's certificate ends. */
export interface TimestampFound {
  readonly session_id: string;
  readonly number: number;
  readonly at: string;
  readonly until: string;
  readonly renewals: number;
  readonly confirmed: boolean;
}

export interface Report {
  readonly answer: Answer;
  readonly problems: readonly Problem[];
  readonly gaps: readonly Gap[];
  readonly sessions: readonly SessionReport[];
  readonly signed_by: readonly string[];
  /** What from outside the package vouches for the signing keys. */
  readonly confirmed_by: readonly ('receipt' | 'key')[];
  readonly timestamps: readonly TimestampFound[];
  /** Only of a part. */
  readonly part?: PartFound;
}

export function conclude(problems: number, gaps: number, confirmed: boolean): Answer {
  if (problems > 0) return 'not_verified';
  if (!confirmed) return 'consistent_origin_unconfirmed';
  return gaps > 0 ? 'verified_with_gaps' : 'verified';
}
