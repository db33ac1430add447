import { describe, expect, it } from 'vitest';
import { offeredFor, type ReasonChoices } from '../../src/return/offered';
import { REASONS } from '../../src/return/reason_picture';

const choices: ReasonChoices = {
  '*': [{ reason: 'other', words: {} }, { reason: 'damaged', words: {} }],
  lamps: [{ reason: 'defective', words: { es: 'No se enciende' } }, { reason: 'damaged', words: {} }],
};
const names = (categories: (string | null)[], of: ReasonChoices = choices) => offeredFor(of, categories).map((one) => one.reason);

describe('which reasons the form offers', () => {
  it('is all of them where the shop set nothing', () => {
    expect(names(['lamps'], {})).toEqual(REASONS);
    expect(names([], { lamps: choices['lamps'] ?? [] })).toEqual(REASONS);
  });
  it('is what the category has, or what is set for everything else', () => {
    expect(names(['lamps'])).toEqual(['defective', 'damaged']);
    expect(names(['rugs'])).toEqual(['other', 'damaged']);
    expect(names([null])).toEqual(['other', 'damaged']);
    expect(names([])).toEqual(['other', 'damaged']);
  });
  it('is what fits any of the lines, each once', () => {
    expect(names(['lamps', 'rugs'])).toEqual(['defective', 'damaged', 'other']);
  });
  it('takes nothing of an object for a category, and leaves out what it cannot draw', () => {
    expect(names(['constructor'])).toEqual(['other', 'damaged']);
    expect(names([], { '*': [{ reason: 'bored' as never, words: {} }, { reason: 'damaged', words: {} }] })).toEqual(['damaged']);
  });
});
