/** What has come over a peer connection so far, from the browser's own statistics. */

export interface Arrivals {
  /** A number that moves with every kind of packet. */
  arrived: number;
  framesDecoded: number;
}

/** The fields of getStats that we read; browsers leave some out. */
interface StatsEntry {
  type: string;
  kind?: string;
  mid?: string;
  packetsReceived?: number;
  bytesReceived?: number;
  responsesReceived?: number;
  requestsReceived?: number;
  framesDecoded?: number;
}

/** Null when the browser does not say. */
export async function countArrivals(pc: Pick<RTCPeerConnection, 'getStats'>): Promise<Arrivals | null> {
  try {
    let arrived = 0;
    let framesDecoded = 0;
    (await pc.getStats()).forEach((entry: StatsEntry) => {
      if (entry.type === 'candidate-pair') arrived += (entry.responsesReceived ?? 0) + (entry.requestsReceived ?? 0) + (entry.bytesReceived ?? 0);
      if (entry.type === 'transport') arrived += entry.packetsReceived ?? 0;
      if (entry.type === 'inbound-rtp') {
        arrived += entry.packetsReceived ?? 0;
        if (entry.kind === 'video' && (entry.mid === undefined || entry.mid === '1')) framesDecoded += entry.framesDecoded ?? 0;
      }
    });
    return { arrived, framesDecoded };
  } catch {
    return null;
  }
}
