/** The console's menu: what this person may open, and how to leave. */
import type { Staff } from '../base/protocol/desk';
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
  readonly may: (person: Staff) => boolean;
}

const everybody = (): boolean => true;
const admins = (person: Staff): boolean => person.roles.includes('admin');
const sellers = (person: Staff): boolean => person.organisation.kind === 'tenant';
const seller = (...roles: readonly string[]) => (person: Staff): boolean => sellers(person) && person.roles.some((role) => roles.includes(role));
const PAGES: readonly RailPage[] = [
  { part: 'policies', icon: 'shield', words: () => t('console.policies'), may: seller('admin', 'agent') },
  { part: 'scripts', icon: 'write', words: () => t('console.scripts'), may: seller('admin', 'agent') },
  { part: 'reasons', icon: 'flag', words: () => t('console.reasons'), may: seller('admin', 'agent') },
  { part: 'notices', icon: 'send', words: () => t('console.notices'), may: seller('admin', 'agent') },
  { part: 'retention', icon: 'archive', words: () => t('console.retention'), may: seller('admin', 'agent') },
  { part: 'figures', icon: 'chart', words: () => t('console.figures'), may: seller('admin', 'agent', 'reviewer') },
  { part: 'developers', icon: 'code', words: () => t('console.developers'), may: seller('admin') },
  { part: 'integrations', icon: 'parcel', words: () => t('console.integrations'), may: seller('admin') },
  { part: 'people', icon: 'users', words: () => t('console.people'), may: admins },
  { part: 'access', icon: 'lock', words: () => t('console.access'), may: seller('admin') },
  { part: 'hours', icon: 'clock', words: () => t('console.hours'), may: sellers },
  { part: 'shifts', icon: 'calendar', words: () => t('console.shifts'), may: everybody },
];

/** `roomy`: there is room for words, and for the views of the inbox. */
export function Rail({ roomy }: { roomy: boolean }) {
  const here = route.value;
  const person = staff.value;
  const roles = person?.roles ?? [];
  return (
    <nav class="rail" aria-label={t('console.menu')}>
      <strong class="rail-name">{person?.organisation.name}</strong>
      <a class="button primary rail-new" href={addressOf({ form: true })} onClick={follow({ form: true })} data-test="new-case"><Icon name="plus" /><span>{t('console.new_case')}</span></a>
      {roomy ? <Views onShown={() => { if (route.peek().part !== null || route.peek().form) go({}); }} /> : null}
      {here.part !== null && !roomy ? <a class="rail-item" href={addressOf({})} onClick={follow({})} data-test="to-cases"><Icon name="list" /><span>{t('console.all')}</span></a> : null}
      {PAGES.filter((page) => person && page.may(person)).map((page) => <PageLink key={page.part} page={page} />)}
      <a class="rail-item" href="/review" title={t('console.review')} data-test="to-review"><Icon name="play" /><span>{t('console.review')}</span></a>
      {roles.some((role) => role === 'agent' || role === 'inspector') ? <a class="rail-item" href="/inspect" title={t('console.desk')} data-test="to-desk"><Icon name="camera" /><span>{t('console.desk')}</span></a> : null}
      <PageLink page={{ part: 'account', icon: 'user', words: () => t('console.account'), may: everybody }} />
      <button type="button" class="rail-item" title={t('keys.title')} data-test="to-keys" onClick={openShortcutHelp}><Icon name="question" /><span>{t('keys.title')}</span></button>
      <StaffMenu onSignOut={() => new Drafts(localStorage, staff.peek()?.id ?? '').forgetAll()} />
    </nav>
  );
}

function PageLink({ page: { part, icon, words } }: { page: RailPage }) {
  return (
    <a class="rail-item" href={addressOf({ part })} aria-current={route.value.part === part ? 'page' : undefined} title={words()} onClick={follow({ part })} data-test={`to-${part}`}>
      <Icon name={icon} /><span>{words()}</span>
    </a>
  );
}
