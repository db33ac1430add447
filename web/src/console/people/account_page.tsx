/** One's own sign-in: password, second step, and where one is signed in. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, get, post } from '../../base/api';
import type { StaffConsentWords } from '../../base/protocol/joining';
import { endedLogin, failureWords, loadStaff, staff } from '../../base/sign_in';
import { locale } from '../../base/text';
import { ago, dateAndTime, waitLength } from '../../base/time';
import { Button, Chip, Field, Skeleton, toast } from '../../base/ui';
import { copyText } from '../copy';
import { StaffDataCard } from '../person_data_card';
import type { Login } from './kinds';
import { tq } from './text';
import './people.css';

function wordsFor(error: unknown): string {
  const code = error instanceof ApiError ? error.code : '';
  if (code === 'wrong_password') return tq('account.wrong');
  if (code === 'weak_password') return tq('account.weak');
  if (code === 'wrong_code') return tq('account.wrong_code');
  if (error instanceof ApiError && code === 'too_many_attempts') return tq('base.too_many_attempts', { wait: waitLength(error.problem?.retry_after_s ?? 60) });
  return failureWords(error);
}

/** One form's sending: whether it is under way, and what went wrong. */
function useSending() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const send = async (work: () => Promise<void>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      if (!endedLogin(caught)) setError(wordsFor(caught));
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, send };
}

export function AccountPage() {
  const person = staff.value;
  if (!person) return null;
  return (
    <main class="page sheet-page" data-test="account-page">
      <header><h1>{tq('account.title')}</h1><p class="quiet">{person.name} · {person.email}</p></header>
      <FactorCard />
      {person.second_factor === 'to_set_up' ? null : <><PasswordCard /><LoginsCard /><ConsentCard /><StaffDataCard staffId={person.id} mine /></>}
    </main>
  );
}

function PasswordCard() {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const { busy, error, send } = useSending();
  const submit = (): void => void send(async () => {
    if (!current || !password) return;
    await post('/api/v1/me/password', { current, password });
    setCurrent('');
    setPassword('');
    toast(tq('account.changed'));
  });
  return (
    <form class="card stack" noValidate onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <h2>{tq('account.password')}</h2>
      <div class="form-row">
        <Field label={tq('account.current')} type="password" autoComplete="current-password" value={current} test="current-password" onInput={(event) => setCurrent(event.currentTarget.value)} />
        <Field label={tq('account.new')} hint={tq('account.new_hint')} type="password" autoComplete="new-password" value={password} test="new-password" onInput={(event) => setPassword(event.currentTarget.value)} />
      </div>
      <p class="wrong" role="alert">{error}</p>
      <div><Button type="submit" busy={busy} disabled={!current || !password} test="change-password">{tq('account.change')}</Button></div>
    </form>
  );
}

interface Begun { readonly secret: string; readonly qr_svg: string }

function FactorCard() {
  const person = staff.value;
  const [begun, setBegun] = useState<Begun | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [leaving, setLeaving] = useState(false);
  const { busy, error, send } = useSending();
  const begin = (): void => void send(async () => setBegun(await post<Begun>('/api/v1/me/second-factor')));
  const confirm = (): void => void send(async () => {
    setCodes((await post<{ recovery_codes: string[] }>('/api/v1/me/second-factor/confirm', { code })).recovery_codes);
    setBegun(null);
    setCode('');
  });
  const switchOff = (): void => void send(async () => {
    await post('/api/v1/me/second-factor/remove', { password, code });
    setLeaving(false);
    setPassword('');
    setCode('');
    await loadStaff();
  });
  if (!person) return null;
  const digits = <Field label={tq('account.code')} inputMode="numeric" autoComplete="one-time-code" spellcheck={false} value={code} test="factor-code" onInput={(event) => setCode(event.currentTarget.value)} />;
  return (
    <section class="card stack" data-test="factor-card">
      <div class="row between wrap"><h2>{tq('account.factor')}</h2>{person.second_factor === 'on' ? <Chip tone="proof">{tq('people.second_factor')}</Chip> : null}</div>
      {codes !== null ? (
        <>
          <h3>{tq('account.codes')}</h3>
          <p class="s quiet">{tq('account.codes_hint')}</p>
          <ul class="recovery" data-test="recovery-codes">{codes.map((one) => <li key={one}>{one}</li>)}</ul>
          <div class="row wrap">
            <Button icon="copy" onClick={() => void copyText(codes.join('\n'), tq('account.codes_copied'), null)}>{tq('account.copy_codes')}</Button>
            <Button variant="primary" test="codes-kept" onClick={() => { setCodes(null); void loadStaff().catch(() => toast(tq('base.error_network'))); }}>{tq('account.kept')}</Button>
          </div>
        </>
      ) : begun !== null ? (
        <form class="factor-setup" noValidate onSubmit={(event) => { event.preventDefault(); confirm(); }}>
          <img src={`data:image/svg+xml,${encodeURIComponent(begun.qr_svg)}`} alt={tq('account.qr')} />
          <div class="stack">
            <p>{tq('account.scan')}</p>
            <p class="s quiet">{tq('account.by_hand')}: <span class="mono" data-test="factor-secret">{begun.secret}</span></p>
            {digits}
            <p class="wrong" role="alert">{error}</p>
            <div><Button type="submit" variant="primary" busy={busy} test="factor-on">{tq('account.switch_on')}</Button></div>
          </div>
        </form>
      ) : person.second_factor === 'on' ? (
        <>
          <p>{tq('account.factor_on')}</p>
          {leaving ? (
            <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); switchOff(); }}>
              <p class="s quiet">{tq('account.off_hint')}</p>
              <div class="form-row">
                <Field label={tq('account.current')} type="password" autoComplete="current-password" value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
                {digits}
              </div>
              <p class="wrong" role="alert">{error}</p>
              <div class="row wrap"><Button type="submit" variant="danger" busy={busy}>{tq('account.switch_off')}</Button><Button variant="plain" onClick={() => setLeaving(false)}>{tq('base.cancel')}</Button></div>
            </form>
          ) : <div><Button onClick={() => setLeaving(true)}>{tq('account.switch_off')}</Button></div>}
        </>
      ) : (
        <>
          <p>{person.second_factor === 'to_set_up' ? tq('account.factor_must', { organisation: person.organisation.name }) : tq('account.factor_off')}</p>
          <p class="wrong" role="alert">{error}</p>
          <div><Button variant="primary" icon="shield" busy={busy} test="factor-begin" onClick={begin}>{tq('account.set_up')}</Button></div>
        </>
      )}
    </section>
  );
}

function LoginsCard() {
  const [logins, setLogins] = useState<readonly Login[] | null>(null);
  const { error, send } = useSending();
  const load = (): Promise<void> => send(async () => setLogins((await get<{ logins: Login[] }>('/api/v1/me/logins')).logins));
  useEffect(() => void load(), []);
  const end = (path: string): void => void send(async () => {
    await call('DELETE', path);
    toast(tq('account.ended'));
    setLogins((await get<{ logins: Login[] }>('/api/v1/me/logins')).logins);
  });
  return (
    <section class="card stack" data-test="logins-card">
      <h2>{tq('account.logins')}</h2>
      {logins === null ? <Skeleton height={80} /> : (
        <ul class="person-rows">
          {logins.map((one) => (
            <li key={one.id} class="person-row">
              <div class="person-words"><strong>{one.device === '?' ? tq('account.unknown') : one.device}</strong><span class="s quiet">{tq('account.seen', { when: ago(one.last_seen_at) })}</span></div>
              {one.this_one ? <Chip tone="proof">{tq('account.this_one')}</Chip> : <Button onClick={() => end(`/api/v1/me/logins/${one.id}`)}>{tq('account.end')}</Button>}
            </li>
          ))}
        </ul>
      )}
      <p class="wrong" role="alert">{error}</p>
      {(logins?.length ?? 0) > 1 ? <div><Button variant="danger-quiet" test="end-others" onClick={() => end('/api/v1/me/logins')}>{tq('account.end_others')}</Button></div> : null}
    </section>
  );
}

/** What is recorded of one in calls, and the way to take the agreement back for later ones. */
function ConsentCard() {
  const [words, setWords] = useState<StaffConsentWords | null>(null);
  const { busy, error, send } = useSending();
  const load = async (): Promise<void> => setWords(await get<StaffConsentWords>('/api/v1/me/consent'));
  useEffect(() => void send(load), []);
  const takeBack = (): void => void send(async () => {
    await call('DELETE', '/api/v1/me/consent');
    toast(tq('account.consent_gone'));
    await load();
  });
  const text = words?.text[locale.value] ?? words?.text['en'] ?? '';
  return (
    <section class="card stack" data-test="consent-card">
      <h2>{tq('account.consent')}</h2>
      {words === null ? <Skeleton height={80} /> : (
        <>
          {text.split('\n').map((paragraph) => <p class="s quiet" key={paragraph}>{paragraph}</p>)}
          <p>{words.agreed ? tq('account.consent_given', { date: dateAndTime(words.agreed.at) }) : tq('account.consent_none')}</p>
          {words.agreed ? <div><Button variant="danger-quiet" busy={busy} test="take-consent-back" onClick={takeBack}>{tq('account.consent_back')}</Button></div> : null}
        </>
      )}
      <p class="wrong" role="alert">{error}</p>
    </section>
  );
}
