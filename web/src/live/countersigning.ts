/** Names this device's key to the session and countersigns what the server says is durable. */
import type { Socket } from 'socket.io-client';
import type { Snapshot } from '../base/protocol/session';
import type { DeviceKey } from './device_key';

export interface Checkpoint {
  number: number;
  jws: string;
}

/** Never in the way of the call: what fails is left to the next checkpoint. */
export function countersignFor(socket: Socket, sessionId: string, you: Snapshot['you']): void {
  if (you.role !== 'buyer' && you.role !== 'host') return;
  let making: Promise<DeviceKey> | null = null;
  // The part that signs comes after the page: it must not make joining slower.
  const key = (): Promise<DeviceKey> =>
    (making ??= import('./device_key')
      .then(({ DeviceKey }) => DeviceKey.make())
      .catch((error: unknown) => {
        making = null;
        throw error;
      }));
  socket.on('connect', () => {
    void key()
      .then(({ jwk }) => socket.volatile.emit('key', { jwk }))
      .catch(() => undefined);
  });
  socket.on('checkpoint', ({ number, jws }: Checkpoint) => {
    void (async () => {
      const mine = await key();
      const signed = await mine.countersign(jws, sessionId, you.participant_id);
      if (signed === null || !socket.connected) return;
      // Known by now unless the part came late or the naming was lost; a repeat changes nothing.
      socket.emit('key', { jwk: mine.jwk }, () => socket.volatile.emit('countersign', { number, jws: signed }));
    })().catch(() => undefined);
  });
}
