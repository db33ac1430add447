/** The policy page's catalogue, loaded with the page. */
import { translator } from '../../base/text';
import type { en } from '../locales/en';
import type { policiesEn } from './locales/en';

export const tp = translator<typeof en & typeof policiesEn>();
