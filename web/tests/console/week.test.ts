import { describe, expect, it } from 'vitest';
import { listOf, spansOf, written } from '../../src/console/hours/week';

describe('a day of the week as people write it', () => {
  it('is read with either dash and told back with one', () => {
    expect(spansOf('9:00-12:00, 13:00–17:30')).toEqual([[540, 720], [780, 1050]]);
    expect(written([[540, 720], [780, 1440]])).toBe('09:00–12:00, 13:00–24:00');
    expect(spansOf('')).toEqual([]);
  });

  it.each(['9-12', '12:00-9:00', '09:00-12:00, 11:00-13:00', '09:61-10:00', '09:00-24:01', '09:00–09:00', 'closed'])('%s is not a day', (text) => {
    expect(spansOf(text)).toBeNull();
  });

  it('comes back as it was for every whole quarter', () => {
    for (let from = 0; from < 1440; from += 15) expect(spansOf(written([[from, from + 15]]))).toEqual([[from, from + 15]]);
  });

  it('lists are separated by commas or lines', () => {
    expect(listOf(' en, es\n\nzh-Hans ,')).toEqual(['en', 'es', 'zh-Hans']);
  });
});
