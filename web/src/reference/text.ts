/** The API reference's catalogue. */
import { translator, type Loaders } from '../base/text';
import type { referenceEn } from './locales/en';

export const tr = translator<typeof referenceEn>();
export const loaders: Loaders = {
  en: async () => (await import('./locales/en')).referenceEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).referenceZh,
  es: async () => (await import('./locales/es')).referenceEs,
  de: async () => (await import('./locales/de')).referenceDe,
  ar: async () => (await import('./locales/ar')).referenceAr,
};
