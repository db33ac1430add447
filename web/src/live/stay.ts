/** A page's stay in a call: what it keeps going meanwhile, and the one moment when it is over. */
import { effect } from '@preact/signals';
import type { Snapshot } from '../base/protocol/session';
import { keepAwake } from './awake';
import type { Call } from './call';
import type { IceAccess } from './ice';
import type { LinkState } from './session';

/** `replaced`: the same person goes on elsewhere. `moved`: the server knows where they stand now. */
export type StayEnd = 'ended' | 'replaced' | 'moved';

export interface StayPorts {
  readonly ice: IceAccess;
  /** Without a host there is nothing here for this person. */
  readonly needsHost: boolean;
  /** This page is in the call from now on. */
  readonly begun: (call: Call) => void;
  /** The call is over, not by this page's doing, and closed. */
  readonly over: (why: StayEnd) => void;
}

export class Stay {
  private call: Call | null = null;
  private stops: (() => void)[] = [];

  constructor(private readonly ports: StayPorts) {}

  /** Stay in a call that has been joined or resumed. */
  enter(call: Call): void {
    this.call = call;
    this.ports.begun(call);
    const session = call.session.peek();
    if (!session) return;
    this.stops = [
      this.ports.ice.follow(session.id),
      keepAwake(call),
      effect(() => {
        const why = endOf(session.state.value, session.link.value, this.ports.needsHost);
        // An effect must not close what it watches while it runs.
        if (why) queueMicrotask(() => this.leave(call) && this.ports.over(why));
      }),
    ];
  }

  /** Back into the session after a reload; false, and closed, when this person has left it. */
  async resume(call: Call, sessionId: string): Promise<boolean> {
    try {
      call.prepare();
      if (isIn(await call.resume(sessionId)) && call.session.peek()) {
        this.enter(call);
        return true;
      }
    } catch {
      // Whatever it was, the page asks where its person stands.
    }
    call.close();
    return false;
  }

  /** Close the call; false when this page is not in it any more. */
  leave(call: Call): boolean {
    if (this.call !== call) return false;
    this.call = null;
    for (const stop of this.stops.splice(0)) stop();
    call.close();
    return true;
  }
}

export function endOf(state: Snapshot['state'], link: LinkState, needsHost: boolean): StayEnd | null {
  if (state === 'ended') return 'ended';
  if (link === 'replaced') return 'replaced';
  return link === 'refused' || (needsHost && state === 'waiting') ? 'moved' : null;
}

export function isIn(snapshot: Snapshot): boolean {
  const me = snapshot.participants.find((one) => one.id === snapshot.you.participant_id);
  return snapshot.state !== 'ended' && me?.presence !== 'left';
}
