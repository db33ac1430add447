/** The figures page's catalogue, loaded with the page. */
import { translator } from '../../base/text';
import type { en } from '../locales/en';
import type { figuresEn } from './locales/en';

export const tf = translator<typeof en & typeof figuresEn>();
