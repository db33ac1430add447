/** The bench camera's picture, fetched when a host first shows it: most calls never do. */
import { signal } from '@preact/signals';
import type { BenchPicture } from '../call/bench_picture';

export const benchPicture = signal<typeof BenchPicture | null>(null);

export function loadBenchPicture(): void {
  if (benchPicture.peek()) return;
  import('../call/bench_picture').then(
    (loaded) => (benchPicture.value = loaded.BenchPicture),
    // Offline: the next change of the session asks again.
    () => undefined,
  );
}
