import type { Growing } from '../../../base/text';
import type { scriptsEn } from './en';

export const scriptsZh: Growing<typeof scriptsEn> = {
};
