/** The words about who sees evidence, loaded with the cards and dialogs that use them. */
import { translator, type Loaders } from '../base/text';
import type { baseEn } from '../base/locales/en';
import type { evidenceEn } from './locales/en';

export const te = translator<typeof baseEn & typeof evidenceEn>();
export const evidenceWords: Loaders = {
  en: async () => (await import('./locales/en')).evidenceEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).evidenceZh,
  es: async () => (await import('./locales/es')).evidenceEs,
  de: async () => (await import('./locales/de')).evidenceDe,
  ar: async () => (await import('./locales/ar')).evidenceAr,
};
