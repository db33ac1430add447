/** The host page's words, in English. */
import { baseEn } from '../../base/locales/en';

export const en = {
  ...baseEn,
  'host.title': 'Host',
} as const;
