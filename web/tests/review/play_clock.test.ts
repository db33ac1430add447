import { describe, expect, it } from 'vitest';
import { at, hold, newClock, nextSpeed, pause, play, seek, withEnd, withSpeed } from '../../src/review/play_clock';

const clock = newClock(10_000, 70_000);

describe('the clock of a replay', () => {
  it('stands at the start until it is played', () => {
    expect(at(clock, 999)).toBe(10_000);
    expect(at(play(clock, 1000), 3500)).toBe(12_500);
  });

  it('stops where it is paused and goes on from there', () => {
    const paused = pause(play(clock, 0), 2000);
    expect(at(paused, 9000)).toBe(12_000);
    expect(at(play(paused, 9000), 10_000)).toBe(13_000);
  });

  it('changes its speed without a jump', () => {
    const faster = withSpeed(play(clock, 0), 4, 1000);
    expect(at(faster, 1000)).toBe(11_000);
    expect(at(faster, 2000)).toBe(15_000);
  });

  it('waits while it is held, and a pause ends the waiting', () => {
    const held = hold(play(clock, 0), true, 1000);
    expect(at(held, 5000)).toBe(11_000);
    expect(at(hold(held, false, 5000), 6000)).toBe(12_000);
    expect(pause(held, 5000)).toMatchObject({ held: false, playing: false });
  });

  it('never leaves the session', () => {
    expect(at(play(clock, 0), 999_999)).toBe(70_000);
    expect(at(seek(clock, 1, 0), 0)).toBe(10_000);
    expect(at(seek(clock, 99_999_999, 0), 0)).toBe(70_000);
  });

  it('begins again when it is played at the end', () => {
    expect(at(play(seek(clock, 70_000, 0), 0), 0)).toBe(10_000);
  });

  it('learns that more of the call has arrived', () => {
    expect(at(seek(withEnd(clock, 90_000, 0), 80_000, 0), 0)).toBe(80_000);
  });

  it('steps through the speeds and stays at the ends', () => {
    expect(nextSpeed(1, 1)).toBe(1.5);
    expect(nextSpeed(1, -1)).toBe(0.5);
    expect(nextSpeed(4, 1)).toBe(4);
    expect(nextSpeed(0.5, -1)).toBe(0.5);
  });
});
