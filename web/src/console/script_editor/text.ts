/** The translator of the editor for reply scripts; its words come with it. */
import { translator, type Loaders } from '../../base/text';
import type { scriptsEn } from './locales/en';

export const tr = translator<typeof scriptsEn>();
export const scriptsWords: Loaders = {
  en: async () => (await import('./locales/en')).scriptsEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).scriptsZh,
  es: async () => (await import('./locales/es')).scriptsEs,
  de: async () => (await import('./locales/de')).scriptsDe,
  ar: async () => (await import('./locales/ar')).scriptsAr,
};
