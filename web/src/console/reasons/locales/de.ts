import type { Growing } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsDe: Growing<typeof reasonsEn> = {
};
