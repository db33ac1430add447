/** The policy page's catalogue, loaded with the page. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { policiesEn } from './locales/en';

export const tp = translator<typeof en & typeof policiesEn>();
export const policiesWords: Loaders = {
  en: async () => (await import('./locales/en')).policiesEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).policiesZh,
  es: async () => (await import('./locales/es')).policiesEs,
  de: async () => (await import('./locales/de')).policiesDe,
  ar: async () => (await import('./locales/ar')).policiesAr,
};
