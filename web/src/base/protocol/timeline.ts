/** The recorded inspection on one clock. The messages are those of docs/protocol.md; nothing here acts. */
import type { CaseView } from './case';
import type { EventPayloads, SessionEvent } from './session';
import type { Role, SessionState } from './words';

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
