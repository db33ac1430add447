/** The review page's catalogue. */
import { translator, type Loaders } from '../base/text';
import type { en } from './locales/en';

export const t = translator<typeof en>();
export const loaders: Loaders = {
  en: async () => (await import('./locales/en')).en,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).zh,
  es: async () => (await import('./locales/es')).es,
  de: async () => (await import('./locales/de')).de,
  ar: async () => (await import('./locales/ar')).ar,
};
