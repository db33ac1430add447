/** The buyer's page's catalogue: what it says before the call, and what comes with the call. */
import { translator, type Loaders } from '../base/text';
import type { en } from './locales/en';
import type { laterEn } from './locales/later.en';

export const t = translator<typeof en>();
export const loaders: Loaders = {
  en: async () => (await import('./locales/en')).en,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).zh,
  es: async () => (await import('./locales/es')).es,
  de: async () => (await import('./locales/de')).de,
  ar: async () => (await import('./locales/ar')).ar,
};

/** For the screens of the call, which are shown only with these words. */
export const tl = translator<typeof en & typeof laterEn>();
export const later: Loaders = {
  en: async () => (await import('./locales/later.en')).laterEn,
  'zh-Hans': async () => (await import('./locales/later.zh-Hans')).laterZh,
  es: async () => (await import('./locales/later.es')).laterEs,
  de: async () => (await import('./locales/later.de')).laterDe,
  ar: async () => (await import('./locales/later.ar')).laterAr,
};
