/** The integrations page's catalogue, loaded with the page. */
import { translator, type Loaders } from '../../base/text';
import type { en } from '../locales/en';
import type { integrationsEn } from './locales/en';

export const ti = translator<typeof en & typeof integrationsEn>();
export const integrationsWords: Loaders = {
  en: async () => (await import('./locales/en')).integrationsEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).integrationsZh,
  es: async () => (await import('./locales/es')).integrationsEs,
  de: async () => (await import('./locales/de')).integrationsDe,
  ar: async () => (await import('./locales/ar')).integrationsAr,
};
