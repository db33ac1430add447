/** The words of the retention page, loaded with it. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { retentionEn } from './locales/en';

export const tr = translator<typeof en & typeof retentionEn>();
export const retentionWords: Loaders = {
  en: async () => (await import('./locales/en')).retentionEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).retentionZh,
  es: async () => (await import('./locales/es')).retentionEs,
  de: async () => (await import('./locales/de')).retentionDe,
  ar: async () => (await import('./locales/ar')).retentionAr,
};
