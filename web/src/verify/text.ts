/** The verifier page's words: every language is in the page, since it may fetch nothing. */
import { ar } from './locales/ar';
import { de } from './locales/de';
import { en, type Texts } from './locales/en';
import { es } from './locales/es';
import { zh } from './locales/zh-Hans';
import type { Problem, ProblemCode } from './report';

export const LANGUAGES = { en: 'English', 'zh-Hans': '简体中文', es: 'Español', de: 'Deutsch', ar: 'العربية' } as const;
export type Language = keyof typeof LANGUAGES;
export type Key = keyof Texts;

const CATALOGUES: Record<Language, Texts> = { en, 'zh-Hans': zh, es, de, ar };
// Words whose codes are the names of something else on the page.
const OTHERWISE: Partial<Record<ProblemCode, Key>> = { key: 'key_name', receipt: 'other_receipt' };
const COUNTED: Partial<Record<ProblemCode, Key>> = { fragment: 'at.fragment', chain: 'at.event', payload: 'at.event', zip: 'at.byte' };

let language: Language = preferred();

export function preferred(languages: readonly string[] = navigator.languages): Language {
  for (const tag of languages) {
    const short = tag.toLowerCase().split('-')[0];
    if (short === 'zh') return 'zh-Hans';
    if (short === 'en' || short === 'es' || short === 'de' || short === 'ar') return short;
  }
  return 'en';
}

export function speak(chosen: Language): void {
  language = chosen;
}

export function spoken(): Language {
  return language;
}

export function t(key: Key, params: { readonly [name: string]: string | number } = {}): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** Where a problem is and what it is, in two parts. */
export function problemWords({ code, path, at }: Problem): { place: string; words: string } {
  const file = path === 'receipt' || path === 'key' || path === 'tsa-ca' ? t(`given.${path}`) : path;
  const inside = at === null ? '' : t(COUNTED[code] ?? (path.endsWith('checkpoints.json') ? 'at.checkpoint' : 'at.fragment'), { at });
  return { place: [file, inside].filter(Boolean).join(', '), words: t(OTHERWISE[code] ?? (code as Key)) };
}
