/** Who works here: people, their roles, invitations, and the mails that went out. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, get, post, put } from '../../base/api';
import type { StaffRole } from '../../base/protocol/words';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { LOCALES, type Locale } from '../../base/text';
import { dateAndTime, languageName } from '../../base/time';
import { Button, Chip, Dialog, Field, Select, Skeleton, Switch, toast } from '../../base/ui';
import type { Invited, People, Person } from './kinds';
import { StaffDataCard } from '../person_data_card';
import { MailsCard } from './mails_card';
import { RolePicks } from './role_picks';
import { tq } from './text';
import { ToldLink } from './told_link';
import './people.css';

function wordsFor(error: unknown): string {
  const code = error instanceof ApiError ? error.code : '';
  if (code === 'last_admin') return tq('people.last_admin');
  if (code === 'email_taken') return tq('people.taken');
  if (code === 'invalid') return tq('people.bad_email');
  return failureWords(error);
}

export function PeoplePage() {
  const [people, setPeople] = useState<People | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const load = async (): Promise<void> => {
    try {
      setPeople(await get<People>('/api/v1/people'));
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error)) setFailure(failureWords(error));
    }
  };
  useEffect(() => void load(), []);
  /** Do something and read everybody again; what went wrong is said. */
  const act = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      await load();
      return true;
    } catch (error) {
      if (!endedLogin(error)) toast(wordsFor(error));
      await load();
      return false;
    }
  };
  if (failure !== null) return <main class="page nothing"><div class="notice bad"><h1>{failure}</h1><Button variant="primary" onClick={() => void load()}>{tq('base.try_again')}</Button></div></main>;
  if (people === null) return <main class="page" aria-busy="true"><Skeleton height={64} /><Skeleton height={320} /></main>;
  return (
    <main class="page sheet-page" data-test="people-page">
      <header><h1>{tq('people.title')}</h1><p class="quiet">{tq('people.intro', { organisation: staff.value?.organisation.name ?? '' })}</p></header>
      <InviteCard onInvited={load} />
      {people.invitations.length > 0 ? (
        <section class="card stack" aria-labelledby="open-invitations">
          <h2 id="open-invitations">{tq('people.open_invitations')}</h2>
          <ul class="person-rows">
            {people.invitations.map((one) => (
              <li key={one.id} class="person-row" data-test={`invitation-${one.email}`}>
                <div class="person-words">
                  <strong>{one.email}</strong>
                  <span class="chips">{one.roles.map((role) => <Chip key={role}>{tq(`people.role.${role}`)}</Chip>)}{one.expired ? <Chip tone="warn">{tq('people.expired')}</Chip> : null}</span>
                  <span class="s quiet">{tq('people.until', { when: dateAndTime(one.expires_at) })}</span>
                </div>
                <Button onClick={() => void act(() => call('DELETE', `/api/v1/people/invitations/${one.id}`)).then((done) => { if (done) toast(tq('people.taken_back')); })}>{tq('people.take_back')}</Button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section class="card stack" aria-label={tq('people.title')}>
        <ul class="person-rows">{people.people.map((person) => <PersonRow key={person.id} person={person} act={act} />)}</ul>
      </section>
      <section class="card stack">
        <Switch label={tq('people.rule')} on={people.second_factor_required} test="factor-rule" onToggle={(required) => void act(() => put('/api/v1/second-factor-rule', { required }))} />
        <p class="s quiet">{tq('people.rule_hint')}</p>
      </section>
      <MailsCard />
    </main>
  );
}

function InviteCard({ onInvited }: { onInvited: () => Promise<void> }) {
  const [open, setOpen] = useState(false);
  const [email, setEmail] = useState('');
  const [roles, setRoles] = useState<StaffRole[]>(['agent']);
  const [locale, setLocale] = useState<Locale>('en');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [invited, setInvited] = useState<(Invited & { email: string }) | null>(null);
  const send = async (): Promise<void> => {
    setTried(true);
    setError(null);
    if (!email.trim() || roles.length === 0 || busy) return;
    setBusy(true);
    try {
      const answer = await post<Invited>('/api/v1/people/invitations', { email: email.trim(), roles, locale });
      setInvited({ ...answer, email: email.trim() });
      setEmail('');
      setTried(false);
      setOpen(false);
      await onInvited();
    } catch (caught) {
      if (!endedLogin(caught)) setError(wordsFor(caught));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" data-test="invite-card">
      {invited ? <ToldLink title={tq('people.invited', { email: invited.email })} words={tq(invited.mailed ? 'people.invited_mailed' : 'people.invited_by_hand', { until: dateAndTime(invited.expires_at) })} url={invited.accept_url} onClose={() => setInvited(null)} /> : null}
      {!open ? <Button variant="primary" icon="plus" test="invite-person" onClick={() => setOpen(true)}>{tq('people.invite')}</Button> : (
        <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void send(); }}>
          <h2>{tq('people.invite')}</h2>
          <div class="form-row">
            <Field label={tq('people.email')} type="email" autoComplete="off" autoCapitalize="none" spellcheck={false} value={email} test="invite-email" error={tried && !email.trim() ? tq('base.fill_in') : error} onInput={(event) => setEmail(event.currentTarget.value)} />
            <Select<Locale> label={tq('people.locale')} value={locale} options={LOCALES.map((value) => ({ value, label: languageName(value) }))} onPick={setLocale} />
          </div>
          <RolePicks roles={roles} onPick={setRoles} error={tried && roles.length === 0 ? tq('people.pick_role') : null} />
          <div class="row wrap">
            <Button type="submit" variant="primary" busy={busy} test="send-invitation">{tq('people.send_invitation')}</Button>
            <Button variant="plain" onClick={() => setOpen(false)}>{tq('base.cancel')}</Button>
          </div>
        </form>
      )}
    </section>
  );
}

function PersonRow({ person, act }: { person: Person; act: (work: () => Promise<unknown>) => Promise<boolean> }) {
  const [open, setOpen] = useState(false);
  const [roles, setRoles] = useState<StaffRole[]>([...person.roles]);
  const [link, setLink] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const path = `/api/v1/people/${person.id}`;
  const me = person.id === staff.value?.id;
  return (
    <li class={`person-row${person.disabled ? ' closed' : ''}`} data-test={`person-${person.email}`}>
      <div class="person-words">
        <strong class="person-name">{person.name}</strong>
        <span class="s quiet">{person.email}</span>
        <span class="chips">
          {me ? <Chip tone="proof">{tq('people.you')}</Chip> : null}
          {person.disabled ? <Chip tone="live">{tq('people.closed')}</Chip> : null}
          {person.roles.map((role) => <Chip key={role}>{tq(`people.role.${role}`)}</Chip>)}
          {person.second_factor ? <Chip tone="note">{tq('people.second_factor')}</Chip> : null}
        </span>
      </div>
      <Button aria-expanded={open} onClick={() => { setRoles([...person.roles]); setOpen(!open); }} test={`change-${person.email}`}>{tq('people.change')}<span class="sr"> {person.name}</span></Button>
      {open ? (
        <div class="person-edit">
          {link !== null ? <ToldLink words={tq('people.reset_made', { name: person.name })} url={link} onClose={() => setLink(null)} /> : null}
          <RolePicks roles={roles} onPick={setRoles} error={roles.length === 0 ? tq('people.pick_role') : null} />
          <div class="row wrap">
            <Button variant="primary" test="save-roles" disabled={roles.length === 0} onClick={() => void act(() => put(`${path}/roles`, { roles })).then((done) => { if (done) { toast(tq('people.saved')); setOpen(false); } })}>{tq('people.save_roles')}</Button>
            {person.disabled ? <Button onClick={() => void act(() => post(`${path}/enable`))}>{tq('people.open_account')}</Button> : (
              <>
                <Button test="make-reset-link" onClick={() => void act(async () => setLink((await post<{ reset_url: string }>(`${path}/reset-link`)).reset_url))}>{tq('people.reset_link')}</Button>
                {person.second_factor ? <Button onClick={() => void act(() => call('DELETE', `${path}/second-factor`))}>{tq('people.drop_factor')}</Button> : null}
                <Button variant="danger-quiet" test="close-account" onClick={() => setAsking(true)}>{tq('people.close_account')}</Button>
              </>
            )}
          </div>
          {me ? null : <StaffDataCard staffId={person.id} mine={false} />}
        </div>
      ) : null}
      {asking ? (
        <Dialog title={tq('people.close_account')} onClose={() => setAsking(false)} test="close-sure" actions={<><Button onClick={() => setAsking(false)}>{tq('base.cancel')}</Button><Button variant="danger" test="close-yes" onClick={() => { setAsking(false); void act(() => post(`${path}/disable`)); }}>{tq('people.close_account')}</Button></>}>
          <p>{tq('people.close_sure', { name: person.name })}</p>
        </Dialog>
      ) : null}
    </li>
  );
}
