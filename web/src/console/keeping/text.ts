/** The words about keeping and forgetting, loaded with the card on a case. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { keepingEn } from './locales/en';

export const tk = translator<typeof en & typeof keepingEn>();
export const keepingWords: Loaders = {
  en: async () => (await import('./locales/en')).keepingEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).keepingZh,
  es: async () => (await import('./locales/es')).keepingEs,
  de: async () => (await import('./locales/de')).keepingDe,
  ar: async () => (await import('./locales/ar')).keepingAr,
};
