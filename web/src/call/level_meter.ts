/** How loud a track is, ten times a second; rests while nobody looks at the page. */
import { levelOf, SILENCE_DB } from '../live/speech';

const EVERY_MS = 100;

let shared: AudioContext | null = null;
let meters = 0;

/** One for the page: browsers give few, and each costs a thread. */
export function audioContext(): AudioContext {
  shared = shared && shared.state !== 'closed' ? shared : new AudioContext({ latencyHint: 'playback' });
  return shared;
}

/** Let it sleep when nothing uses it: a running one costs battery even in silence. */
export function restAudio(): void {
  if (meters === 0) void shared?.suspend();
}

/** Calls `heard` with the level in dB until the returned function is called. */
export function meter(track: MediaStreamTrack, heard: (levelDb: number) => void): () => void {
  const context = audioContext();
  meters += 1;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let timer: ReturnType<typeof setInterval> | undefined;
  const listen = () => {
    clearInterval(timer);
    if (document.visibilityState !== 'visible') {
      void context.suspend();
      return;
    }
    void context.resume().catch(() => undefined);
    timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      heard(context.state === 'running' ? levelOf(samples) : SILENCE_DB);
    }, EVERY_MS);
  };
  document.addEventListener('visibilitychange', listen);
  listen();
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', listen);
    source.disconnect();
    meters -= 1;
    restAudio();
  };
}
