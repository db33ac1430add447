import type { Growing } from '../../../base/text';
import type { integrationsEn } from './en';

export const integrationsZh: Growing<typeof integrationsEn> = {
};
