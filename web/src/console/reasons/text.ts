/** The translator of the reasons' page; its words come with it. */
import { translator } from '../../base/text';
import type { reasonsEn } from './locales/en';

export const tq = translator<typeof reasonsEn>();
