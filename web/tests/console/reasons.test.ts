import { describe, expect, it } from 'vitest';
import { offeredOf, REASONS, rowsOf } from '../../src/console/reasons/choices';

describe('the reasons of a category on the page', () => {
  it('are all offered where nothing was set', () => {
    expect(rowsOf(null).map((row) => [row.reason, row.on])).toEqual(REASONS.map((reason) => [reason, true]));
  });
  it('stand in their order before those that are not offered', () => {
    const rows = rowsOf({ category: '*', reasons: [{ reason: 'other', words: { de: ' Anderes ' } }, { reason: 'damaged', words: { de: '  ' } }] });
    expect(rows.slice(0, 3).map((row) => [row.reason, row.on])).toEqual([['other', true], ['damaged', true], ['defective', false]]);
    expect(rows).toHaveLength(REASONS.length);
    expect(offeredOf(rows)).toEqual([{ reason: 'other', words: { de: 'Anderes' } }, { reason: 'damaged', words: {} }]);
  });
});
