/** The developers page's catalogue, loaded with the page. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { developersEn } from './locales/en';

export const td = translator<typeof en & typeof developersEn>();
export const developersWords: Loaders = {
  en: async () => (await import('./locales/en')).developersEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).developersZh,
  es: async () => (await import('./locales/es')).developersEs,
  de: async () => (await import('./locales/de')).developersDe,
  ar: async () => (await import('./locales/ar')).developersAr,
};
