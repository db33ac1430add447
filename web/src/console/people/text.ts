/** The catalogue of people, account and access log, loaded with those pages. */
import { translator } from '../../base/text';
import type { en } from '../locales/en';
import type { peopleEn } from './locales/en';

export const tq = translator<typeof en & typeof peopleEn>();
