import type { Growing } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsZh: Growing<typeof reasonsEn> = {
};
