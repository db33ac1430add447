/** The words about an erased case, loaded when one is met. */
import { translator, type Loaders } from '../base/text';
import type { baseEn } from '../base/locales/en';
import type { erasedEn } from './locales/en';

export const tx = translator<typeof baseEn & typeof erasedEn>();
export const erasedWords: Loaders = {
  en: async () => (await import('./locales/en')).erasedEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).erasedZh,
  es: async () => (await import('./locales/es')).erasedEs,
  de: async () => (await import('./locales/de')).erasedDe,
  ar: async () => (await import('./locales/ar')).erasedAr,
};
