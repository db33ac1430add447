/** The catalogue of people, account and access log, loaded with those pages. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { peopleEn } from './locales/en';

export const tq = translator<typeof en & typeof peopleEn>();
export const peopleWords: Loaders = {
  en: async () => (await import('./locales/en')).peopleEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).peopleZh,
  es: async () => (await import('./locales/es')).peopleEs,
  de: async () => (await import('./locales/de')).peopleDe,
  ar: async () => (await import('./locales/ar')).peopleAr,
};
