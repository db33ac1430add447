/** The review page: its entry. */
import { render } from 'preact';
import { mustSetUpFactor, SetUpFactorFirst, StaffOnly } from '../base/sign_in';
import { openText } from '../base/text';
import { Toasts } from '../base/ui';
import { Finder } from './finder';
import { Inspection } from './inspection';
import { route } from './route';
import { loaders, t } from './text';
import './review.css';
import './timeline.css';

function Page() {
  const { sessionId, caseId } = route.value;
  return (
    <>
      <StaffOnly title={t('review.title')} intro={t('review.sign_in_intro')}>
        {mustSetUpFactor.value ? <SetUpFactorFirst /> : sessionId !== null || caseId !== null ? <Inspection key={sessionId ?? caseId} sessionId={sessionId} caseId={caseId} /> : <Finder />}
      </StaffOnly>
      <Toasts />
    </>
  );
}

const root = document.getElementById('app');
if (root) void openText(loaders).then(() => { root.removeAttribute('aria-busy'); render(<Page />, root); });
