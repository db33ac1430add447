/** "Can you hear me?" as the log tells it: whose question waits, and what became of one's own. */
import type { SessionEvent } from '../base/protocol/session';

export interface SoundCheck {
  /** The other's question that this person has not answered; the newest only. */
  question: { seq: number; name: string } | null;
  /** One's own newest question: still open, or how it was answered. */
  own: 'none' | 'asked' | 'heard' | 'not_heard';
}

/** A question is worth answering for so long; later the moment has passed. */
export const ASKED_FOR_MS = 60_000;

export function soundCheck(events: readonly SessionEvent[], you: string, nowMs: number): SoundCheck {
  let question: SoundCheck['question'] = null;
  let own: SoundCheck['own'] = 'none';
  for (const event of events) {
    const mine = event.actor.participant_id === you;
    if (event.kind === 'sound_asked') {
      const fresh = nowMs - Date.parse(event.at) < ASKED_FOR_MS;
      if (mine) own = fresh ? 'asked' : 'none';
      else question = fresh ? { seq: event.seq, name: event.actor.name } : null;
    } else if (event.kind === 'sound_answered') {
      if (mine) question = null;
      else if (own !== 'none') own = event.payload.heard ? 'heard' : 'not_heard';
    }
  }
  return { question, own };
}
