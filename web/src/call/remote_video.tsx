/** The other person's picture: keeps the last frame through an outage, and asks for a tap when sound needs one. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../base/ui';
import { t } from './text';

/** What `requestVideoFrameCallback` says of the frame on the screen. */
export interface ShownFrame {
  rtpTimestamp: number | null;
  /** When it arrived here, on the page's clock (`performance.now()`), where the browser tells. */
  arrivedMs: number | null;
}

interface Props {
  stream: MediaStream | null;
  fit: 'cover' | 'contain';
  label: string;
  test?: string;
  muted?: boolean;
  /** Which loudspeaker plays it, where the browser lets one choose. */
  speaker?: string;
  onElement?: (element: HTMLVideoElement | null) => void;
  onFrame?: (frame: ShownFrame) => void;
}

type SinkElement = HTMLVideoElement & { setSinkId?: (id: string) => Promise<void> };
type FrameMetadata = { rtpTimestamp?: number; receiveTime?: number };

export function RemoteVideo({ stream, fit, label, test, muted, speaker, onElement, onFrame }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const frozen = useSignal(false);
  const needsTap = useSignal(false);
  const notifyFrame = useRef(onFrame);
  notifyFrame.current = onFrame;

  const play = (element: HTMLVideoElement) => {
    element.muted = muted ?? false;
    element.play().then(
      () => (needsTap.value = false),
      (error: unknown) => {
        if (muted || !(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
        // Without a touch since loading, the browser allows only silent pictures.
        element.muted = true;
        needsTap.value = true;
        element.play().catch(() => undefined);
      },
    );
  };

  useEffect(() => {
    onElement?.(video.current);
    return () => onElement?.(null);
  }, []);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    if (element.srcObject && element.srcObject !== stream && element.videoWidth > 0 && still.current) {
      const canvas = still.current;
      canvas.width = element.videoWidth;
      canvas.height = element.videoHeight;
      canvas.getContext('2d')?.drawImage(element, 0, 0);
      frozen.value = true;
    }
    if (element.srcObject !== stream) element.srcObject = stream;
    if (!stream) return;
    play(element);
    // A telephone call pauses it on some phones, and nobody plays it again but us.
    const paused = () => {
      if (element.isConnected && document.visibilityState === 'visible' && element.paused) play(element);
    };
    element.addEventListener('pause', paused);
    document.addEventListener('visibilitychange', paused);
    let running = true;
    let handle = 0;
    const shown = (_now: number, metadata: FrameMetadata) => {
      if (!running) return;
      frozen.value = false;
      notifyFrame.current?.({ rtpTimestamp: metadata.rtpTimestamp ?? null, arrivedMs: metadata.receiveTime ?? null });
      handle = element.requestVideoFrameCallback(shown);
    };
    const supported: boolean = typeof element.requestVideoFrameCallback === 'function';
    const started = () => {
      frozen.value = false;
      if (!supported) notifyFrame.current?.({ rtpTimestamp: null, arrivedMs: null });
    };
    if (supported) handle = element.requestVideoFrameCallback(shown);
    else element.addEventListener('timeupdate', started);
    return () => {
      running = false;
      element.removeEventListener('pause', paused);
      document.removeEventListener('visibilitychange', paused);
      if (supported) element.cancelVideoFrameCallback(handle);
      else element.removeEventListener('timeupdate', started);
    };
  }, [stream]);

  useEffect(() => {
    // One that is no longer plugged in is refused: then the system's own plays.
    if (speaker !== undefined) (video.current as SinkElement | null)?.setSinkId?.(speaker).catch(() => undefined);
  }, [speaker]);

  return (
    <div class="remote">
      <video ref={video} playsInline autoPlay muted={muted} data-test={test} aria-label={label} style={{ objectFit: fit }} />
      <canvas ref={still} hidden={!frozen.value} style={{ objectFit: fit }} aria-hidden="true" />
      {needsTap.value ? (
        <Button class="sound" variant="primary" icon="sound" test="tap-for-sound" onClick={() => video.current && play(video.current)}>
          {t('call.tap_for_sound')}
        </Button>
      ) : null}
    </div>
  );
}
