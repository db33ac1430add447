import type { Growing } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsEs: Growing<typeof reasonsEn> = {
};
