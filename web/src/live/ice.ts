/** The ways to the server that a new peer connection may use: TURN credentials, kept fresh. */
import { get } from '../base/api';
import type { Ice } from '../base/protocol/connection';
import { serverNowMs } from '../base/time';

const LOOK_EVERY_MS = 20_000;

/** Whether credentials taken at `takenMs` should be replaced: half of their time is over. */
export function isOld(ice: Ice, takenMs: number, nowMs: number): boolean {
  if (!ice.expires_at) return false;
  return nowMs - takenMs >= (Date.parse(ice.expires_at) - takenMs) / 2;
}

export class IceAccess {
  private ice: Ice = { servers: [], expires_at: null };
  private takenMs = 0;

  /** Use these from now on; what is there lasts as it is. */
  take(ice: Ice | null | undefined): void {
    if (!ice) return;
    this.ice = ice;
    this.takenMs = serverNowMs();
  }

  /** Whether a page that waited should ask for others before it begins. */
  get old(): boolean {
    return isOld(this.ice, this.takenMs, serverNowMs());
  }

  readonly createPeer = (): RTCPeerConnection => new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: this.ice.servers });

  /** Keep them fresh while a session lasts, until the function that this gives is called. */
  follow(sessionId: string): () => void {
    let asking = false;
    const look = async () => {
      if (asking || !this.old) return;
      asking = true;
      try {
        this.take((await get<{ ice: Ice }>(`/api/sessions/${sessionId}/ice`)).ice);
      } catch {
        // The next look asks again; a call that runs does not need them.
      } finally {
        asking = false;
      }
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }
}
