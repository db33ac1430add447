/** The developers page: API keys, webhooks, and the way to the reference. */
import { staff } from '../../base/sign_in';
import { Icon } from '../../base/ui';
import { route } from '../route';
import { HookPage } from './hook_page';
import { HooksCard } from './hooks_card';
import { KeysCard } from './keys_card';
import { td } from './text';
import './developers.css';

export function DevelopersPage() {
  const person = staff.value;
  if (person?.organisation.kind !== 'tenant' || !person.roles.includes('admin')) {
    return <main class="page nothing"><div class="notice"><Icon name="lock" /><h1>{td('dev.title')}</h1><p class="quiet">{td('dev.not_yours')}</p></div></main>;
  }
  const { item } = route.value;
  if (item !== null) return <HookPage key={item} id={item} />;
  return (
    <main class="page dev" data-test="developers">
      <header class="row between wrap">
        <div class="stack tight grow"><h1>{td('dev.title')}</h1><p class="quiet">{td('dev.intro')}</p></div>
        <a class="button" href="/api/docs" target="_blank" rel="noopener" data-test="to-reference"><Icon name="code" />{td('dev.reference')}</a>
      </header>
      <div class="dev-columns">
        <HooksCard />
        <KeysCard />
      </div>
    </main>
  );
}
