/** The integrations page's catalogue, loaded with the page. */
import { translator } from '../../base/text';
import type { en } from '../locales/en';
import type { integrationsEn } from './locales/en';

export const ti = translator<typeof en & typeof integrationsEn>();
