import { describe, expect, it } from 'vitest';
import type { Quality } from '../../src/base/protocol/connection';
import { helpFor } from '../../src/call/help_words';

const quality = (over: Partial<Quality>): Quality => ({ participant_id: 'p', word: 'good', rtt_ms: 30, loss: 0, up: 'good', down: 'good', picture: 'moving', thinned: false, ...over });

describe('the words that help', () => {
  it('are none while all is well or nothing is known', () => {
    expect(helpFor(quality({}), quality({}))).toBeNull();
    expect(helpFor(undefined, undefined)).toBeNull();
  });

  it('name what the picture does, not only that the link is weak', () => {
    expect(helpFor(quality({ up: 'weak', picture: 'slow' }), undefined)).toBe('own_weak');
    expect(helpFor(quality({ up: 'bad', picture: 'stills' }), undefined)).toBe('own_stills');
    expect(helpFor(quality({ up: 'weak' }), undefined)).toBeNull();
  });

  it('speak of oneself before the other', () => {
    const weak = quality({ up: 'bad', picture: 'stills' });
    expect(helpFor(weak, weak)).toBe('own_stills');
    expect(helpFor(quality({}), weak)).toBe('other_stills');
    expect(helpFor(quality({ down: 'weak' }), weak)).toBe('other_stills');
  });

  it('blame nobody for a picture that is slow for another reason', () => {
    expect(helpFor(quality({ picture: 'slow' }), quality({}))).toBeNull();
  });

  it('say who is shown stills', () => {
    expect(helpFor(quality({ thinned: true, down: 'bad' }), undefined)).toBe('own_thinned');
    expect(helpFor(undefined, quality({ thinned: true }))).toBe('other_thinned');
    expect(helpFor(quality({ down: 'weak' }), undefined)).toBe('own_down');
  });
});
