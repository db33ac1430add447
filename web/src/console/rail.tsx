/** The console's menu: what this person may open, and how to leave. */
import { staff } from '../base/sign_in';
import { Icon, type IconName } from '../base/ui';
import { StaffMenu } from '../staff/bar';
import { Drafts } from './drafts';
import { Views } from './inbox/inbox';
import { addressOf, follow, go, route } from './route';
import { openShortcutHelp } from './shortcut_help';
import { t } from './text';

interface RailPage {
  readonly part: string;
  readonly icon: IconName;
  readonly words: () => string;
  /** Only the seller's own people with one of these roles; without it, everybody. */
  readonly seller?: readonly string[];
}

const ANY = ['admin', 'agent', 'reviewer', 'inspector'] as const;
const PAGES: readonly RailPage[] = [
  { part: 'policies', icon: 'shield', words: () => t('console.policies'), seller: ['admin', 'agent'] },
  { part: 'scripts', icon: 'write', words: () => t('console.scripts'), seller: ['admin', 'agent'] },
  { part: 'reasons', icon: 'flag', words: () => t('console.reasons'), seller: ['admin', 'agent'] },
  { part: 'notices', icon: 'send', words: () => t('console.notices'), seller: ['admin', 'agent'] },
  { part: 'figures', icon: 'chart', words: () => t('console.figures'), seller: ['admin', 'agent', 'reviewer'] },
  { part: 'developers', icon: 'code', words: () => t('console.developers'), seller: ['admin'] },
  { part: 'integrations', icon: 'parcel', words: () => t('console.integrations'), seller: ['admin'] },
  { part: 'people', icon: 'users', words: () => t('console.people') },
  { part: 'access', icon: 'lock', words: () => t('console.access'), seller: ['admin'] },
  { part: 'hours', icon: 'clock', words: () => t('console.hours'), seller: ANY },
  { part: 'shifts', icon: 'clock', words: () => t('console.shifts') },
];

/** `roomy`: there is room for words, and for the views of the inbox. */
export function Rail({ roomy }: { roomy: boolean }) {
  const here = route.value;
  const roles = staff.value?.roles ?? [];
  return (
    <nav class="rail" aria-label={t('console.menu')}>
      <strong class="rail-name">{staff.value?.organisation.name}</strong>
      <a class="button primary rail-new" href={addressOf({ form: true })} onClick={follow({ form: true })} data-test="new-case"><Icon name="plus" /><span>{t('console.new_case')}</span></a>
      {roomy ? <Views onShown={() => { if (route.peek().part !== null || route.peek().form) go({}); }} /> : null}
      {here.part !== null && !roomy ? <a class="rail-item" href={addressOf({})} onClick={follow({})} data-test="to-cases"><Icon name="list" /><span>{t('console.all')}</span></a> : null}
      {PAGES.filter(mayOpen).map((page) => <PageLink key={page.part} page={page} />)}
      <a class="rail-item" href="/review" data-test="to-review"><Icon name="play" /><span>{t('console.review')}</span></a>
      {roles.some((role) => role === 'agent' || role === 'inspector') ? <a class="rail-item" href="/inspect" data-test="to-desk"><Icon name="camera" /><span>{t('console.desk')}</span></a> : null}
      <PageLink page={{ part: 'account', icon: 'user', words: () => t('console.account') }} />
      <button type="button" class="rail-item" data-test="to-keys" onClick={openShortcutHelp}><Icon name="question" /><span>{t('keys.title')}</span></button>
      <StaffMenu onSignOut={() => new Drafts(localStorage, staff.peek()?.id ?? '').forgetAll()} />
    </nav>
  );
}

function PageLink({ page: { part, icon, words } }: { page: RailPage }) {
  return (
    <a class="rail-item" href={addressOf({ part })} aria-current={route.value.part === part ? 'page' : undefined} onClick={follow({ part })} data-test={`to-${part}`}>
      <Icon name={icon} /><span>{words()}</span>
    </a>
  );
}

function mayOpen(page: RailPage): boolean {
  const person = staff.value;
  // The people of a warehouse are looked after by its own admins.
  if (page.part === 'people') return person?.roles.includes('admin') ?? false;
  if (page.seller === undefined) return true;
  return person?.organisation.kind === 'tenant' && person.roles.some((role) => page.seller?.includes(role));
}
