/** Tells when the queue has changed, without saying how: the desk is then asked for. */
import { io } from 'socket.io-client';

/** Returns a function that stops listening. */
export function watchDesk(onChange: () => void): () => void {
  const socket = io({ transports: ['websocket'], auth: { desk: true }, reconnectionDelay: 500, reconnectionDelayMax: 5_000, forceNew: true });
  socket.on('connect', onChange);
  socket.on('desk', onChange);
  return () => socket.disconnect();
}
