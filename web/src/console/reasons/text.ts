/** The translator of the reasons' page; its words come with it. */
import { translator, type Loaders } from '../../base/text';
import type { reasonsEn } from './locales/en';

export const tq = translator<typeof reasonsEn>();
export const reasonsWords: Loaders = {
  en: async () => (await import('./locales/en')).reasonsEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).reasonsZh,
  es: async () => (await import('./locales/es')).reasonsEs,
  de: async () => (await import('./locales/de')).reasonsDe,
  ar: async () => (await import('./locales/ar')).reasonsAr,
};
