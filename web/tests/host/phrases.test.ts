import { describe, expect, it } from 'vitest';
import { phraseIn } from '../../src/host/phrases';

const phrase = { name: 'turn_over', words: { en: 'Please turn it over.', de: 'Bitte umdrehen.', ar: 'اقلبه', 'zh-Hans': '翻过来' } };

describe('a quick phrase', () => {
  it('is sent in the buyer’s language, by the nearest tag', () => {
    expect(phraseIn(phrase, 'de-AT')).toEqual({ text: 'Bitte umdrehen.', locale: 'de' });
    expect(phraseIn(phrase, 'zh-CN').locale).toBe('zh-Hans');
    expect(phraseIn(phrase, 'ar-EG').locale).toBe('ar');
  });
  it('is English where no translation is shipped, and says so', () => {
    expect(phraseIn(phrase, 'fi')).toEqual({ text: 'Please turn it over.', locale: 'en' });
    expect(phraseIn(phrase, 'es').locale).toBe('en');
  });
});
