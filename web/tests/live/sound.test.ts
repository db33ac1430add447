import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionEvent } from '../../src/base/protocol/session';
import { ASKED_FOR_MS, soundCheck } from '../../src/call/sound_check';
import { PushToTalk, TAIL_MS } from '../../src/live/push_to_talk';
import { barOf, levelOf, SILENCE_DB, SpeechDetector } from '../../src/live/speech';

describe('holding to talk', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function rig() {
    const said: boolean[] = [];
    return { said, talk: new PushToTalk({ setMuted: (muted) => void said.push(muted) }) };
  }

  it('lets a person be heard only while they hold', () => {
    const { said, talk } = rig();
    talk.set(true);
    talk.press();
    talk.release();
    expect(said).toEqual([true, false]);
    vi.advanceTimersByTime(TAIL_MS);
    expect(said).toEqual([true, false, true]);
    expect(talk.talking.value).toBe(false);
  });

  it('goes on without a gap when the button is pressed again at once', () => {
    const { said, talk } = rig();
    talk.set(true);
    talk.press();
    talk.release();
    talk.press();
    vi.advanceTimersByTime(10 * TAIL_MS);
    expect(said.at(-1)).toBe(false);
    expect(said.filter((muted) => muted)).toHaveLength(1);
  });

  it('changes nothing while it is switched off', () => {
    const { said, talk } = rig();
    talk.press();
    talk.release();
    vi.advanceTimersByTime(TAIL_MS);
    expect(said).toEqual([]);
  });

  it('leaves the microphone on when it is switched off in the middle of a word', () => {
    const { said, talk } = rig();
    talk.set(true);
    talk.press();
    talk.release();
    talk.set(false);
    vi.advanceTimersByTime(TAIL_MS);
    expect(said.at(-1)).toBe(false);
  });
});

describe('loudness', () => {
  const tone = (amplitude: number) => Float32Array.from({ length: 1024 }, (_, at) => amplitude * Math.sin(at / 3));

  it('is measured in decibels below full scale', () => {
    expect(levelOf(tone(1))).toBeCloseTo(-3, 0);
    expect(levelOf(tone(0.1))).toBeCloseTo(-23, 0);
    expect(levelOf(new Float32Array(1024))).toBe(SILENCE_DB);
    expect(levelOf(new Float32Array(0))).toBe(SILENCE_DB);
  });

  it('is a bar between nothing and full', () => {
    expect(barOf(SILENCE_DB)).toBe(0);
    expect(barOf(0)).toBe(1);
    expect(barOf(-30)).toBeGreaterThan(barOf(-40));
  });

  const run = (detector: SpeechDetector, levels: number[]) => levels.map((level) => detector.step(level));
  const times = (count: number, level: number) => Array.from({ length: count }, () => level);

  it('tells speech after half a second in a quiet room', () => {
    const detector = new SpeechDetector();
    run(detector, times(30, -65));
    expect(run(detector, times(4, -25))).not.toContain(true);
    expect(run(detector, times(2, -25))).toContain(true);
  });

  it('takes a door, or a steadily loud hall, for no speech', () => {
    const detector = new SpeechDetector();
    run(detector, times(30, -65));
    expect(run(detector, [...times(3, -10), ...times(20, -65)])).not.toContain(true);
    const hall = new SpeechDetector();
    run(hall, times(400, -32));
    expect(run(hall, times(100, -30))).not.toContain(true);
    expect(run(hall, times(8, -12))).toContain(true);
  });
});

describe('can you hear me', () => {
  const T = Date.parse('2026-01-01T00:00:00Z');
  let seq = 0;
  const event = (kind: 'sound_asked' | 'sound_answered', by: string, heard = true, at = T): SessionEvent =>
    ({ seq: (seq += 1), kind, at: new Date(at).toISOString(), actor: { participant_id: by, name: by }, payload: kind === 'sound_asked' ? {} : { heard } }) as unknown as SessionEvent;

  it('waits for an answer of the one who was asked', () => {
    const asked = [event('sound_asked', 'host')];
    expect(soundCheck(asked, 'buyer', T + 1000).question?.name).toBe('host');
    expect(soundCheck(asked, 'host', T + 1000)).toMatchObject({ question: null, own: 'asked' });
  });

  it.each([
    [true, 'heard'],
    [false, 'not_heard'],
  ] as const)('tells the one who asked (%s → %s)', (heard, word) => {
    const log = [event('sound_asked', 'host'), event('sound_answered', 'buyer', heard)];
    expect(soundCheck(log, 'host', T).own).toBe(word);
    expect(soundCheck(log, 'buyer', T).question).toBeNull();
  });

  it('is forgotten after a minute, and one’s own answer to nobody counts for nothing', () => {
    const log = [event('sound_asked', 'host')];
    expect(soundCheck(log, 'buyer', T + ASKED_FOR_MS + 1)).toEqual({ question: null, own: 'none' });
    expect(soundCheck([event('sound_answered', 'host')], 'host', T).own).toBe('none');
  });

  it('asks anew after a second question', () => {
    const log = [event('sound_asked', 'host'), event('sound_answered', 'buyer', false), event('sound_asked', 'host')];
    expect(soundCheck(log, 'host', T).own).toBe('asked');
    expect(soundCheck(log, 'buyer', T).question).not.toBeNull();
  });
});
