/** The page of a shared link: its entry. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { addText, openText } from '../base/text';
import { Button, Icon, Skeleton, Toasts } from '../base/ui';
import { evidenceWords, te } from '../evidence/text';
import { loaders, t } from '../review/text';
import { Shown } from './shown';
import { comeIn, look, shutBy, type Shared, type Shut } from './visit';
import '../review/review.css';
import '../review/timeline.css';
import './share.css';

/** An ended share is noticed this soon. */
const LOOK_AGAIN_MS = 20_000;

function Page() {
  const [shared, setShared] = useState<Shared | null>(null);
  const [shut, setShut] = useState<Shut | null>(null);
  const come = (): void => {
    setShut(null);
    comeIn(location.hash.slice(1)).then(setShared, (error: unknown) => setShut(shutBy(error)));
  };
  useEffect(() => {
    come();
    // Another link in the same tab is another share.
    const again = (): void => location.reload();
    addEventListener('hashchange', again);
    return () => removeEventListener('hashchange', again);
  }, []);
  useEffect(() => {
    if (shared === null) return undefined;
    document.title = te('share.title', { tenant: shared.tenant });
    const timer = setInterval(() => {
      look(shared.share_id).catch((error: unknown) => {
        const why = shutBy(error);
        if (why === 'offline') return;
        setShared(null);
        setShut(why);
      });
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [shared?.share_id]);
  return (
    <>
      {shut !== null ? (
        <main class="notice" data-test="shared-shut" data-why={shut}>
          <Icon name={shut === 'offline' ? 'warning' : 'lock'} />
          <h1>{te(`share.shut.${shut}`)}</h1>
          <p class="quiet">{te(shut === 'offline' ? 'share.shut_again' : shut === 'erased' ? 'share.shut_erased' : 'share.shut_hint')}</p>
          {shut === 'offline' ? <Button variant="primary" onClick={come}>{t('base.try_again')}</Button> : null}
        </main>
      ) : shared === null ? (
        <main class="loading-replay" aria-busy="true" aria-label={t('review.loading')}><Skeleton height="40vh" /></main>
      ) : <Shown shared={shared} />}
      <Toasts />
    </>
  );
}

const root = document.getElementById('app');
if (root) void openText(loaders).then(() => addText(evidenceWords)).then(() => { root.removeAttribute('aria-busy'); render(<Page />, root); });
