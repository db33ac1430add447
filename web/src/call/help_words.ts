/** Which words help when a connection is weak: pure. */
import type { Quality } from '../base/protocol/connection';

export type Help = 'own_thinned' | 'own_stills' | 'own_weak' | 'own_down' | 'other_thinned' | 'other_stills' | 'other_weak';

/** One's own trouble first, since only that can be mended from here; null while all is well. */
export function helpFor(own: Quality | undefined, other: Quality | undefined): Help | null {
  const weak = (word: string | undefined) => word === 'weak' || word === 'bad';
  if (own?.thinned) return 'own_thinned';
  if (weak(own?.up) && own?.picture === 'stills') return 'own_stills';
  if (weak(own?.up) && own?.picture === 'slow') return 'own_weak';
  if (other?.thinned) return 'other_thinned';
  if (weak(other?.up) && other?.picture === 'stills') return 'other_stills';
  if (weak(other?.up) && other?.picture === 'slow') return 'other_weak';
  return weak(own?.down) ? 'own_down' : null;
}
