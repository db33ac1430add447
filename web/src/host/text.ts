/** The host page's catalogue. */
import { translator, type Loaders } from '../base/text';
import type { en } from './locales/en';

export const t = translator<typeof en>();
export const loaders: Loaders = { en: async () => (await import('./locales/en')).en };
