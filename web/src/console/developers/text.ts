/** The developers page's catalogue, loaded with the page. */
import { translator } from '../../base/text';
import type { en } from '../locales/en';
import type { developersEn } from './locales/en';

export const td = translator<typeof en & typeof developersEn>();
