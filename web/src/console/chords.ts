/** Reads single keys and two-key sequences such as "g i". Pure: time comes from the caller. */

const SECOND_KEY_MS = 1_200;

export class ChordReader {
  private begun: { key: string; atMs: number } | null = null;

  /** The chord that this key completes among the known ones, or null. */
  read(key: string, known: Iterable<string>, nowMs: number): string | null {
    const chords = [...known];
    const first = this.begun !== null && nowMs - this.begun.atMs <= SECOND_KEY_MS ? this.begun.key : null;
    this.begun = null;
    if (first !== null && chords.includes(`${first} ${key}`)) return `${first} ${key}`;
    if (chords.includes(key)) return key;
    if (chords.some((chord) => chord.startsWith(`${key} `))) this.begun = { key, atMs: nowMs };
    return null;
  }
}
