import { expect, it } from 'vitest';
import { NO_MARKS, partOf, withIn, withOut } from '../../src/review/part_marks';

it('a part is what lies between two marks, whichever came first', () => {
  expect(partOf(withOut(withIn(NO_MARKS, 1000.4), 2000.6))).toEqual({ fromMs: 1000, toMs: 2001 });
  expect(partOf(withIn(withOut(NO_MARKS, 2000), 1000))).toEqual({ fromMs: 1000, toMs: 2000 });
});

it('a mark on the wrong side of the other begins a new part', () => {
  const marked = withOut(withIn(NO_MARKS, 1000), 2000);
  expect(withIn(marked, 3000)).toEqual({ inMs: 3000, outMs: null });
  expect(withOut(marked, 500)).toEqual({ inMs: null, outMs: 500 });
  expect(partOf(withIn(marked, 2000))).toBeNull();
});

it('a mark can be moved without losing the other', () => {
  expect(withIn(withOut(withIn(NO_MARKS, 1000), 2000), 1500)).toEqual({ inMs: 1500, outMs: 2000 });
  expect(partOf(NO_MARKS)).toBeNull();
});
