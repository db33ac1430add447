/** The check before a call: does the network let live video through, which way, how much of it? */
import { post } from '../base/api';
import type { Precheck, PrecheckTarget } from '../base/protocol/connection';

const LIMIT_MS = 5_000;
const PATH_LIMIT_MS = 3_000;
const SOCKET_LIMIT_MS = 3_000;
/** First a load that a weak line bears; one that went through at once is followed by a large one. */
const LOADS_BYTES = [24_000, 160_000] as const;
const QUICK_MS = 400;
const HIGHEST_BPS = 100_000_000;

type Echo = NonNullable<PrecheckTarget['echo']>;
type Way = NonNullable<Precheck['relay']>;

/** What the echo of the media server would answer to any offer of a data channel: ICE-lite, no more. */
export function echoAnswer(echo: Echo): string {
  const candidates = echo.addresses.map(({ host, port }, index) => `a=candidate:${index + 1} 1 udp ${2_130_706_431 - index} ${host} ${port} typ host`);
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    `a=ice-ufrag:${echo.ufrag}`,
    `a=ice-pwd:${echo.pwd}`,
    // The echo never shakes hands: no certificate stands behind this.
    `a=fingerprint:sha-256 ${Array<string>(32).fill('00').join(':')}`,
    'a=setup:passive',
    'a=sctp-port:5000',
    ...candidates,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/** Bits in a second, of bytes that took so much longer than none at all. */
export function rateBps(bytes: number, tookMs: number, emptyMs: number): number {
  return Math.min(HIGHEST_BPS, Math.round((bytes * 8_000) / Math.max(1, tookMs - emptyMs)));
}

interface Path {
  rttMs: number | null;
  way: Way;
}

/** Whether connectivity checks with the echo succeed, directly or through a relay. */
async function findPath(echo: Echo, config: RTCConfiguration, signal: AbortSignal): Promise<Path | null> {
  const pc = new RTCPeerConnection(config);
  try {
    pc.createDataChannel('check');
    await pc.setLocalDescription(await pc.createOffer());
    await pc.setRemoteDescription({ type: 'answer', sdp: echoAnswer(echo) });
    const found = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PATH_LIMIT_MS);
      const look = () => {
        const state = pc.iceConnectionState;
        if (state === 'connected' || state === 'completed') resolve(true);
        if (state === 'failed' || signal.aborted) resolve(false);
        if (state === 'failed' || signal.aborted) clearTimeout(timer);
      };
      pc.addEventListener('iceconnectionstatechange', look);
      signal.addEventListener('abort', look);
      look();
    });
    return found ? await describePath(pc) : null;
  } finally {
    pc.close();
  }
}

/** The fields of getStats that we read; browsers leave some out. */
interface StatsEntry {
  id: string;
  type: string;
  state?: string;
  localCandidateId?: string;
  currentRoundTripTime?: number;
  relayProtocol?: string;
}

async function describePath(pc: RTCPeerConnection): Promise<Path> {
  const entries: StatsEntry[] = [];
  (await pc.getStats()).forEach((entry: StatsEntry) => entries.push(entry));
  const pair = entries.find((entry) => entry.type === 'candidate-pair' && entry.state === 'succeeded');
  const local = entries.find((entry) => entry.id === pair?.localCandidateId);
  const rtt = pair?.currentRoundTripTime;
  const way = local?.relayProtocol;
  return { rttMs: rtt === undefined ? null : Math.round(rtt * 1000), way: way === 'tcp' || way === 'tls' ? way : 'udp' };
}

/** Whether a WebSocket to our server opens and speaks: some proxies let none through. */
function socketOpens(signal: AbortSignal): Promise<boolean | null> {
  return new Promise((resolve) => {
    const address = new URL('/socket.io/?EIO=4&transport=websocket', location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    const end = (opened: boolean | null) => {
      clearTimeout(timer);
      socket.close();
      resolve(opened);
    };
    const timer = setTimeout(() => end(false), SOCKET_LIMIT_MS);
    socket.onmessage = () => end(true);
    socket.onerror = () => end(false);
    socket.onclose = () => end(false);
    signal.addEventListener('abort', () => end(null));
  });
}

/** How long one load takes, there and back. */
async function load(base: string, up: number, down: number, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${base}/load?bytes=${down}`, {
    method: 'POST',
    headers: { 'X-Proofcall': '1', 'Content-Type': 'application/octet-stream' },
    body: new Uint8Array(up),
    credentials: 'same-origin',
    cache: 'no-store',
    signal,
  });
  if (!response.ok) throw new Error(`load ${response.status}`);
  await response.arrayBuffer();
  return performance.now() - startedMs;
}

/** Rough rates up and down, as far as they are found out before the time is up. */
async function measureRates(base: string, found: Precheck, signal: AbortSignal): Promise<void> {
  try {
    const emptyMs = await load(base, 0, 0, signal);
    for (const bytes of LOADS_BYTES) {
      const upMs = await load(base, bytes, 0, signal);
      found.uplink_bps = Math.max(found.uplink_bps ?? 0, rateBps(bytes, upMs, emptyMs));
      const downMs = await load(base, 0, bytes, signal);
      found.downlink_bps = Math.max(found.downlink_bps ?? 0, rateBps(bytes, downMs, emptyMs));
      if (upMs > QUICK_MS || downMs > QUICK_MS) return;
    }
  } catch {
    // The time is up, or the line gave way: what is known so far has to do.
  }
}

/** Check the network within five seconds; `base` is `/api/join/{token}/precheck` or the host's. Null when given up. */
export async function precheck(base: string, stop: AbortSignal): Promise<Precheck | null> {
  const startedMs = performance.now();
  const found: Precheck = { websocket: null, udp: null, relay: null, rtt_ms: null, uplink_bps: null, downlink_bps: null, took_ms: 0 };
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, LIMIT_MS);
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  try {
    const { echo, ice } = await post<PrecheckTarget>(base, {}, { signal: limit.signal, timeoutMs: LIMIT_MS });
    const servers = ice?.servers ?? [];
    const [opens, direct, relayed] = await Promise.all([
      socketOpens(limit.signal),
      echo ? findPath(echo, {}, limit.signal) : undefined,
      echo && servers.length > 0 ? findPath(echo, { iceServers: servers, iceTransportPolicy: 'relay' }, limit.signal) : undefined,
    ]);
    found.websocket = opens;
    if (direct !== undefined) found.udp = direct !== null;
    if (relayed !== undefined) found.relay = relayed?.way ?? 'none';
    found.rtt_ms = direct?.rttMs ?? relayed?.rttMs ?? null;
    // Loads come last: they would make the paths look slower than they are.
    if (!savesData()) await measureRates(base, found, limit.signal);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
  found.took_ms = Math.round(performance.now() - startedMs);
  return stop.aborted ? null : found;
}

function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}
