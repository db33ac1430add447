/** The API reference's catalogue. */
import { translator, type Loaders } from '../base/text';
import type { referenceEn } from './locales/en';

export const tr = translator<typeof referenceEn>();
export const loaders: Loaders = { en: async () => (await import('./locales/en')).referenceEn };
