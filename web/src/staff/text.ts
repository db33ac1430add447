/** The translator for parts that the reviewer's page and the console share. */
import { translator } from '../base/text';
import type { staffEn } from './locales/en';

export const ts = translator<typeof staffEn>();
