/** What the statements of a package say, as far as the verifier reads them; shapes are checked before. */
import type { Json } from './encoding';

export interface Keys {
  format: string;
  keys: { kid: string; [member: string]: Json }[];
}

export interface Package {
  format: string;
  case_id: string;
  as_of: string;
  sessions: { session_id: string; manifests: number }[];
  files: { path: string; bytes: number; sha256?: string }[];
}

export interface Head {
  last_seq: number;
  hash: string | null;
}

export interface Grown {
  recording_id: string;
  fragments: number;
  root: string;
}

export interface StatedRecording extends Grown {
  participant_id: string;
  container: string;
  t0_ns: string;
  duration_ms: number | null;
  init_sha256: string;
  table_sha256: string;
}

export interface StatedGap {
  participant_id: string;
  from_ns: string;
  to_ns: string;
  cause: string;
}

export interface StatedStill {
  still_id: string;
  participant_id: string;
  state: string;
  at_ns: string;
  sha256: string | null;
}

export interface Part {
  format: string;
  case_id: string;
  session_id: string;
  manifests: number;
  participants: string[];
  asked: { from_ms: number; to_ms: number };
  given: { recording_id: string; from_ms: number; to_ms: number }[];
  files: { path: string; bytes: number; sha256?: string }[];
}

export interface Proofs {
  format: string;
  recording_id: string;
  leaves: { no: number; bytes: number; path: string[] }[];
}

export interface Manifest {
  format: string;
  number: number;
  previous: string | null;
  complete: boolean;
  session_id: string;
  case_id: string;
  recordings: StatedRecording[];
  participants: { participant_id: string }[];
  gaps: StatedGap[];
  stills: StatedStill[];
  checkpoint: string | null;
  log: Head;
  root: string;
}

export interface Table {
  format: string;
  recording_id: string;
  init_bytes: number;
  fragments: { no: number; bytes: number; sha256: string; [more: string]: Json }[];
}

export interface Log {
  format: string;
  session_id: string;
  events: LogEvent[];
}

export interface LogEvent {
  seq: number;
  kind: string;
  visibility: string;
  at: string;
  actor: string;
  commitment: string;
  prev: string;
  hash: string;
  salt: string | null;
  payload: Json;
}

export interface ListedCheckpoint {
  jws: string;
  countersignatures: Countersigned[];
}

export interface Checkpoints {
  format: string;
  session_id: string;
  checkpoints: ListedCheckpoint[];
}

export interface ProvenCheckpoint extends ListedCheckpoint {
  proofs: { recording_id: string; path: string[] }[];
}

export interface CheckpointsOfPart {
  format: string;
  session_id: string;
  devices: DeviceKey[];
  checkpoints: ProvenCheckpoint[];
}

export interface Countersigned {
  participant_id: string;
  jws: string;
}

export interface Checkpoint {
  format: string;
  session_id: string;
  number: number;
  at: string;
  devices?: { participant_id: string; kid: string }[];
  recordings: Grown[];
  log: Head;
  previous: string | null;
}

export interface Countersignature {
  checkpoint_sha256: string;
  participant_id: string;
}

export interface Receipt {
  session_id: string;
  number: number;
  manifest_sha256: string;
}

export interface DeviceKey {
  participant_id: string;
  jwk: Json;
}
