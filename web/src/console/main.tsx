/** The console page: its entry. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { mustSetUpFactor, staff, StaffOnly } from '../base/sign_in';
import { openText } from '../base/text';
import { Icon, Toasts } from '../base/ui';
import { OfflineLine } from '../staff/bar';
import { CasePage } from './case_page';
import { developersWords } from './developers/text';
import { EvidenceNote } from './evidence_note';
import { figuresWords } from './figures/text';
import { hoursWords } from './hours/words';
import { Inbox, ViewsMenu } from './inbox/inbox';
import { refreshInbox, search } from './inbox/state';
import { integrationsWords } from './integrations/text';
import { NewCase } from './new_case';
import { onNews, onThread } from './news';
import { noticesWords } from './notices/text';
import { Part, type LatePart } from './part';
import { peopleWords } from './people/text';
import { policiesWords } from './policies/text';
import { reasonsWords } from './reasons/text';
import { retentionWords } from './retention/text';
import { Rail } from './rail';
import { addressOf, follow, route } from './route';
import { scriptsWords } from './script_editor/text';
import { ShortcutHelp } from './shortcut_help';
import { loaders, t } from './text';
import './console.css';

/** Pages beside the cases, by their address under `/console/`. */
const PARTS: Readonly<Record<string, LatePart>> = {
  access: { load: async () => (await import('./people/access_page')).AccessPage, loaders: peopleWords },
  account: { load: async () => (await import('./people/account_page')).AccountPage, loaders: peopleWords },
  people: { load: async () => (await import('./people/page')).PeoplePage, loaders: peopleWords },
  policies: { load: async () => (await import('./policies/page')).PoliciesPage, loaders: policiesWords },
  developers: { load: async () => (await import('./developers/page')).DevelopersPage, loaders: developersWords },
  figures: { load: async () => (await import('./figures/page')).FiguresPage, loaders: figuresWords },
  integrations: { load: async () => (await import('./integrations/page')).IntegrationsPage, loaders: integrationsWords },
  hours: { load: async () => (await import('./hours/hours_page')).HoursPage, loaders: hoursWords },
  notices: { load: async () => (await import('./notices/page')).NoticesPage, loaders: noticesWords },
  reasons: { load: async () => (await import('./reasons/page')).ReasonsPage, loaders: reasonsWords },
  retention: { load: async () => (await import('./retention/page')).RetentionPage, loaders: retentionWords },
  scripts: { load: async () => (await import('./script_editor/page')).ScriptsPage, loaders: scriptsWords },
  shifts: { load: async () => (await import('./hours/shifts_page')).ShiftsPage, loaders: hoursWords },
};
const narrowScreen = matchMedia('(max-width: 760px)');
const narrow = signal(narrowScreen.matches);
narrowScreen.addEventListener('change', () => { narrow.value = narrowScreen.matches; });
// Below this the rail has room for pictures only, and the views stand above the list.
const roomyScreen = matchMedia('(min-width: 1640px)');
const roomy = signal(roomyScreen.matches);
roomyScreen.addEventListener('change', () => { roomy.value = roomyScreen.matches; });

function Page() {
  return (
    <>
      <StaffOnly title={t('console.title')} intro={t('console.sign_in_intro')}><Console /></StaffOnly>
      <Toasts />
    </>
  );
}

function Console() {
  const { caseId, form, part } = route.value;
  useEffect(() => {
    if (mustSetUpFactor.peek()) return;
    // A thread's news change what is unread, not how many cases there are.
    const stops = [onNews(refreshInbox), onThread((_caseId, typing) => { if (typing === null) void search.load(true); })];
    return () => { for (const stop of stops) stop(); };
  }, []);
  // Where a second factor is asked for, nothing else opens before there is one.
  const shown = mustSetUpFactor.value ? 'account' : part;
  const late = shown === null ? undefined : PARTS[shown];
  if (late) return <div class="console with-part"><Rail roomy={roomy.value} /><ShortcutHelp /><div class="part-pane"><OfflineLine /><Part key={shown} part={late} /></div></div>;
  // On a phone the list is the page as long as nothing is chosen.
  const alone = narrow.value && !form && caseId === null;
  const showing = form ? 'form' : caseId !== null ? 'case' : 'none';
  return (
    <div class="console" data-showing={showing}>
      <Rail roomy={roomy.value} />
      <ShortcutHelp />
      <div class="list-pane" role={alone ? 'main' : undefined}>
        {alone ? <h1 class="sr">{t('cases.list')}</h1> : null}
        <OfflineLine />
        {isSellersAdmin() ? <EvidenceNote caseId={null} /> : null}
        {roomy.value ? null : <ViewsMenu />}
        <Inbox selectedId={caseId} />
        <Pulse />
      </div>
      <div class="detail-pane">
        {form ? <NewCase onOpened={refreshInbox} /> : caseId !== null ? <CasePage key={caseId} caseId={caseId} onChanged={refreshInbox} /> : <Nothing />}
      </div>
    </div>
  );
}

function isSellersAdmin(): boolean {
  return staff.value?.organisation.kind === 'tenant' && staff.value.roles.includes('admin');
}

/** How many are live or waiting among the cases shown: a glance, not a figure. */
function Pulse() {
  const items = search.items.value;
  const live = items.filter((item) => item.state === 'live').length;
  const waiting = items.filter((item) => item.state === 'waiting').length;
  return (
    <p class="pulse s" role="status" data-test="live-status">
      {live > 0 ? <span class="pulse-live"><span class="dot" />{t('console.live_count', { count: live })}</span> : null}
      {waiting > 0 ? <span class="pulse-waiting"><span class="dot" />{t('console.waiting_count', { count: waiting })}</span> : null}
      {live + waiting === 0 ? <span class="faint">{search.failure.value === null ? t('console.updated') : t('base.error_network')}</span> : null}
    </p>
  );
}

function Nothing() {
  return (
    <main class="page nothing" data-test="nothing-chosen">
      <div class="notice">
        <Icon name="parcel" />
        <h1>{t('console.pick')}</h1>
        <p class="quiet">{t('console.pick_hint')}</p>
        <a class="button" href={addressOf({ form: true })} onClick={follow({ form: true })}>{t('console.new_case')}</a>
      </div>
    </main>
  );
}

const root = document.getElementById('app');
/** Links from mails lead here without a sign-in: an invitation, a new password. */
const door = /^\/(accept|reset)$/.exec(location.pathname)?.[1];

async function show(into: HTMLElement): Promise<void> {
  if (door !== undefined) {
    const { AcceptDoor, ResetDoor, doorLoaders } = await import('./doors/doors');
    await openText(doorLoaders);
    render(<>{door === 'accept' ? <AcceptDoor /> : <ResetDoor />}<Toasts /></>, into);
  } else {
    await openText(loaders);
    render(<Page />, into);
  }
  into.removeAttribute('aria-busy');
}

if (root) void show(root);
