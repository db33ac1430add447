/** The host page: its entry. */
import { render } from 'preact';
import { openText } from '../base/text';
import { Notice, Toasts } from '../base/ui';
import { loaders, t } from './text';

function Page() {
  return (
    <>
      <Notice icon="list" title={t('host.title')} />
      <Toasts />
    </>
  );
}

const root = document.getElementById('app');
if (root) void openText(loaders).then(() => { root.removeAttribute('aria-busy'); render(<Page />, root); });
