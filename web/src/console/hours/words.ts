/** The catalogue of hours and shifts, loaded with those pages. */
import { translator, type Loaders } from '../../base/text';
import type { hoursEn } from './locales/en';

export const th = translator<typeof hoursEn>();
export const hoursWords: Loaders = {
  en: async () => (await import('./locales/en')).hoursEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).hoursZh,
  es: async () => (await import('./locales/es')).hoursEs,
  de: async () => (await import('./locales/de')).hoursDe,
  ar: async () => (await import('./locales/ar')).hoursAr,
};
