/** The words that the reviewer's page and the console share, in English. */
import { baseEn } from '../../base/locales/en';

export const staffEn = {
  ...baseEn,
  'state.filed': 'Filed',
  'state.inspection_offered': 'Invited',
  'state.waiting': 'Buyer is waiting',
  'state.live': 'Live now',
  'state.inspected': 'Inspected',
  'state.decided': 'Decided',
  'state.closed': 'Closed',

  'cases.search': 'Search cases',
  'cases.search_placeholder': 'Order, buyer, words…  ( / )',
  'cases.state': 'State',
  'cases.all_states': 'Every state',
  'cases.only_recorded': 'Only recorded',
  'cases.list': 'Cases',
  'cases.count': { one: '{count} case shown', other: '{count} cases shown' },
  'cases.more': 'Show more',
  'cases.none': 'No case fits',
  'cases.none_hint': 'Try another order number, name or state.',
  'cases.clear': 'Clear the search',
  'cases.failed': 'The cases could not be loaded',
  'cases.recorded': 'Recorded',
  'cases.order': 'Order {number}',
  'cases.no_picture': 'No picture',

  'link.active': 'Open',
  'link.expired': 'Expired',
  'link.revoked': 'Revoked',
  'link.none': 'None yet',

  'staff.signed_in_as': 'Signed in as {name}',
  'staff.offline': 'You are offline. What is shown may be out of date.',
} as const;
