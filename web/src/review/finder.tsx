/** Finding an inspection by order number, buyer or state. */
import type { CaseSummary } from '../base/protocol/case';
import { OfflineLine, StaffMenu } from '../staff/bar';
import { CaseList } from '../staff/case_list';
import { CaseSearch } from '../staff/case_search';
import { addressOf, go } from './route';
import { t } from './text';

// The search outlives a look at one inspection: going back finds it as it was.
const search = new CaseSearch({}, true);

const target = (item: CaseSummary) => ({ caseId: item.id });

export function Finder() {
  return (
    <div class="finder">
      <header class="bar row between"><strong>{t('review.title')}</strong><StaffMenu /></header>
      <OfflineLine />
      <main class="finder-main">
        <h1>{t('review.find')}</h1>
        <div class="card finder-card">
          <CaseList search={search} hrefOf={(item) => addressOf(target(item))} onOpen={(item) => go(target(item))} />
        </div>
      </main>
    </div>
  );
}
