/** The figures page's catalogue, loaded with the page. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { figuresEn } from './locales/en';

export const tf = translator<typeof en & typeof figuresEn>();
export const figuresWords: Loaders = {
  en: async () => (await import('./locales/en')).figuresEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).figuresZh,
  es: async () => (await import('./locales/es')).figuresEs,
  de: async () => (await import('./locales/de')).figuresDe,
  ar: async () => (await import('./locales/ar')).figuresAr,
};
