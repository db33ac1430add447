/** The translator of the editor for reply scripts; its words come with it. */
import { translator } from '../../base/text';
import type { scriptsEn } from './locales/en';

export const tr = translator<typeof scriptsEn>();
