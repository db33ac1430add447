/** The words of a call; the page's own catalogue contains them. */
import { translator } from '../base/text';
import type { callEn } from './locales/en';

export const t = translator<typeof callEn>();
