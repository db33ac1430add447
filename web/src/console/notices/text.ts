/** The words about notices, loaded with their page and with the card on a case. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { noticesEn } from './locales/en';

export const tn = translator<typeof en & typeof noticesEn>();
export const noticesWords: Loaders = {
  en: async () => (await import('./locales/en')).noticesEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).noticesZh,
  es: async () => (await import('./locales/es')).noticesEs,
  de: async () => (await import('./locales/de')).noticesDe,
  ar: async () => (await import('./locales/ar')).noticesAr,
};
