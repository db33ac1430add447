/** Two short notes on the chosen loudspeaker, so that somebody knows whether they would hear anything. */
import { audioContext, restAudio } from './level_meter';

const NOTES_HZ = [660, 880];
const NOTE_S = 0.28;

/** Resolves when it has been played; rejects when the browser plays nothing. */
export async function playTestTone(speaker: string): Promise<void> {
  const context = audioContext();
  await context.resume();
  const out = context.createMediaStreamDestination();
  const element = new Audio() as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
  element.srcObject = out.stream;
  await element.setSinkId?.(speaker).catch(() => undefined);
  await element.play();
  const from = context.currentTime + 0.05;
  for (const [index, hz] of NOTES_HZ.entries()) {
    const note = context.createOscillator();
    const loudness = context.createGain();
    const at = from + index * NOTE_S;
    note.frequency.value = hz;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.3, at + 0.03);
    loudness.gain.linearRampToValueAtTime(0, at + NOTE_S);
    note.connect(loudness).connect(out);
    note.start(at);
    note.stop(at + NOTE_S);
  }
  await new Promise((resolve) => setTimeout(resolve, (NOTES_HZ.length * NOTE_S + 0.3) * 1000));
  element.pause();
  element.srcObject = null;
  restAudio();
}
