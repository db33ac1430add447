/** The keyboard: what each key does on the page that is shown; nothing fires while somebody types. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ChordReader } from './chords';

export interface Shortcut {
  readonly keys: string;
  /** What it does, in words; looked up when the help is shown. */
  readonly words: () => string;
  readonly run: () => void;
}

const STORAGE_KEY = 'pc-single-keys';
const bound = signal<readonly Shortcut[]>([]);
/** Some people's voice or switch software types letters by accident: they turn single keys off. */
export const singleKeys = signal(localStorage.getItem(STORAGE_KEY) !== 'off');

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  try {
    localStorage.setItem(STORAGE_KEY, on ? 'on' : 'off');
  } catch {
    // A browser without storage keeps it for this visit.
  }
}

/** All that can be pressed now, in the order in which it was bound. */
export function shortcuts(): readonly Shortcut[] {
  return bound.value;
}

export function bind(added: readonly Shortcut[]): () => void {
  bound.value = [...bound.peek(), ...added];
  return () => { bound.value = bound.peek().filter((one) => !added.includes(one)); };
}

/** Bind while a component is shown; what it does is always the newest. */
export function useShortcuts(wanted: readonly Shortcut[]): void {
  const newest = useRef(wanted);
  newest.current = wanted;
  useEffect(() => bind(wanted.map((one, at) => ({ keys: one.keys, words: () => newest.current[at]?.words() ?? '', run: () => newest.current[at]?.run() }))), [wanted.map((one) => one.keys).join('|')]);
}

const TYPED_INTO = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]';
const reader = new ChordReader();

/** The key as it is written in chords, or null for what is somebody else's. */
export function keyOf(event: KeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return null;
  if (event.target instanceof Element && event.target.closest(TYPED_INTO)) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : null;
}

addEventListener('keydown', (event) => {
  const key = keyOf(event);
  if (key === null || !singleKeys.peek() || document.querySelector('dialog[open]')) return;
  const chord = reader.read(key, bound.peek().map((one) => one.keys), Date.now());
  // What was bound last is the nearest to what is shown.
  const found = [...bound.peek()].reverse().find((one) => one.keys === chord);
  if (!found) return;
  event.preventDefault();
  found.run();
});
