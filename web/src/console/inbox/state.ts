/** The inbox as it outlives a look at one case: what is searched, and the filters with their counts. */
import { CaseSearch } from '../../staff/case_search';
import { Filters, HOME } from './filters';

export const search = new CaseSearch(HOME);
export const filters = new Filters();

export function refreshInbox(): void {
  void search.load(true);
  filters.soon();
}
