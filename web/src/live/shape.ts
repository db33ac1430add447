/** The bounds of what one peer connection sends: sharp rather than fluent, sound before picture. */

export interface Shape {
  maxBitrateBps: number;
  maxFramerate: number;
  /** The shorter side of the picture. */
  maxHeight: number;
  soundBps: number;
}

/** The track that is sent as video. */
export function videoTrackOf(pc: RTCPeerConnection): MediaStreamTrack | null {
  return pc.getTransceivers()[1]?.sender.track ?? null;
}

/** The shorter side of the camera's picture, 0 while it is unknown. */
export function pictureHeightOf(pc: RTCPeerConnection): number {
  const { width = 0, height = 0 } = videoTrackOf(pc)?.getSettings?.() ?? {};
  return Math.min(width, height);
}

/** Send within these bounds. Never throws: a browser without a parameter goes without it. */
export async function setShape(pc: RTCPeerConnection, shape: Shape): Promise<void> {
  const [audio, video] = pc.getTransceivers();
  await change(audio?.sender, (parameters) => {
    for (const encoding of parameters.encodings) Object.assign(encoding, { maxBitrate: shape.soundBps, priority: 'high', networkPriority: 'high' });
  });
  const scale = Math.max(1, pictureHeightOf(pc) / shape.maxHeight);
  await change(video?.sender, (parameters) => {
    (parameters as { degradationPreference?: string }).degradationPreference = 'maintain-resolution';
    for (const encoding of parameters.encodings) Object.assign(encoding, { maxBitrate: shape.maxBitrateBps, maxFramerate: shape.maxFramerate, scaleResolutionDownBy: scale });
  });
}

async function change(sender: RTCRtpSender | undefined, set: (parameters: RTCRtpSendParameters) => void): Promise<void> {
  if (!sender) return;
  try {
    const parameters = sender.getParameters();
    set(parameters);
    await sender.setParameters(parameters);
  } catch {
    // contentHint says nearly the same.
  }
}
