import type { Growing } from '../../../base/text';
import type { scriptsEn } from './en';

export const scriptsEs: Growing<typeof scriptsEn> = {
};
