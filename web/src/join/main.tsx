/** The buyer's page: its entry, and the screen for each state of the visit. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { actAs } from '../base/api';
import { openText } from '../base/text';
import { Skeleton, Toasts } from '../base/ui';
import '../call/call.css';
import '../call/bench.css';
import '../call/sound.css';
import { CallLater, fetchCall } from './call_later';
import { Ended, Left, Replaced } from './ended';
import './join.css';
import { ProblemPage } from './problems';
import { OfferPage } from './offer_later';
import { Ready } from './ready';
import { loaders, t } from './text';
import { Visit } from './visit';

actAs('buyer');
const token = decodeURIComponent(location.pathname.replace(/^\/j\//, '').replace(/\/$/, ''));
const visit = new Visit(token);

function Loading() {
  return (
    <div class="page" aria-busy="true" data-test="loading">
      <Skeleton height={24} width="50%" />
      <Skeleton height={64} />
      <Skeleton height={44} width="80%" />
      <Skeleton height={118} />
      <Skeleton height={180} />
    </div>
  );
}

function Page() {
  const stage = visit.stage.value;
  switch (stage.at) {
    case 'loading':
      return <Loading />;
    case 'problem':
      return <ProblemPage visit={visit} problem={stage.problem} />;
    case 'ready':
      return <Ready visit={visit} />;
    case 'offer':
      return <OfferPage visit={visit} />;
    case 'call':
      return <CallLater visit={visit} call={stage.call} />;
    case 'left':
      return <Left visit={visit} />;
    case 'replaced':
      return <Replaced visit={visit} />;
    case 'ended':
      return <Ended visit={visit} />;
  }
}

const root = document.getElementById('app');
if (root) {
  render(<Loading />, root);
  // The words and the case are fetched side by side; what is shown first waits for both.
  const words = openText(loaders).catch(() => undefined);
  void visit.begin();
  void words.then(() => {
    root.removeAttribute('aria-busy');
    render(<><Page /><Toasts /></>, root);
    // What the call needs comes once this has been painted.
    requestAnimationFrame(() => setTimeout(fetchCall));
    effect(() => {
      const seller = visit.seller.value;
      if (seller) document.title = t('join.page_title', { tenant: seller });
    });
  });
}
