/** Where links from mails lead: accepting an invitation, setting a new password. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, post } from '../../base/api';
import { failureWords } from '../../base/sign_in';
import { nearestLocale, setLocale, translator, type Loaders } from '../../base/text';
import { waitLength } from '../../base/time';
import { Button, Field, LanguageSwitch, Notice } from '../../base/ui';
import type { doorEn } from './locales/en';

const td = translator<typeof doorEn>();
export const doorLoaders: Loaders = {
  en: async () => (await import('./locales/en')).doorEn,
  'zh-Hans': async () => (await import('./locales/zh-Hans')).doorZh,
  es: async () => (await import('./locales/es')).doorEs,
  de: async () => (await import('./locales/de')).doorDe,
  ar: async () => (await import('./locales/ar')).doorAr,
};

/** Behind the `#`: no server and no log ever sees it. */
const token = location.hash.slice(1);

type Roles = readonly string[];
interface Offer { organisation: string; email: string; roles: Roles; locale: string }

function wordsFor(error: unknown): string {
  const code = error instanceof ApiError ? error.code : '';
  if (code === 'weak_password') return td('door.weak');
  if (code === 'email_taken') return td('door.taken');
  if (error instanceof ApiError && code === 'too_many_attempts') return td('base.too_many_attempts', { wait: waitLength(error.problem?.retry_after_s ?? 60) });
  return failureWords(error);
}

function Door({ title, intro, error, children, onSubmit, test }: { title: string; intro: string; error: string | null; children: ComponentChildren; onSubmit: () => void; test: string }) {
  return (
    <main class="sign-in" data-test={test}>
      <form class="card stack" noValidate onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
        <div class="row between"><strong>Proofcall</strong><LanguageSwitch /></div>
        <h1>{title}</h1>
        <p class="quiet">{intro}</p>
        {children}
        <p class="sign-in-wrong" role="alert" data-test="door-error">{error}</p>
      </form>
    </main>
  );
}

function Over() {
  return <Notice icon="linkOff" tone="bad" title={td('door.over')} test="door-over" actions={<a class="button primary" href="/reset">{td('door.forgot')}</a>}><p class="quiet">{td('door.over_hint')}</p></Notice>;
}

function Waiting() {
  return <main class="sign-in" aria-busy="true"><span class="spinner" role="status" aria-label={td('base.loading')} /></main>;
}

/** What is being sent, and what came back; `over` once the link is of no use. */
function useSending(): { busy: boolean; error: string | null; over: boolean; send: (work: () => Promise<void>) => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const send = (work: () => Promise<void>): void => {
    if (busy) return;
    setBusy(true);
    setError(null);
    work().catch((caught: unknown) => {
      if (caught instanceof ApiError && caught.status === 410) setOver(true);
      else setError(wordsFor(caught));
    }).finally(() => setBusy(false));
  };
  return { busy, error, over, send };
}

export function AcceptDoor() {
  const [offer, setOffer] = useState<Offer | null>(null);
  const [done, setDone] = useState(false);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const { busy, error, over, send } = useSending();
  const look = (): void => send(async () => {
    const found = await post<Offer>('/api/v1/invitation', { token }, { retries: 2 });
    setOffer(found);
    const theirs = nearestLocale(found.locale);
    if (theirs !== null) await setLocale(theirs).catch(() => undefined);
  });
  useEffect(look, []);
  if (over || !token) return <Over />;
  if (offer === null) return error === null ? <Waiting /> : <Notice icon="offline" title={error} actions={<Button variant="primary" onClick={look}>{td('base.try_again')}</Button>} />;
  if (done) {
    const home = offer.roles.some((role) => role === 'agent' || role === 'admin') ? '/console' : offer.roles.includes('inspector') ? '/inspect' : '/review';
    return <Notice icon="check" tone="good" title={td('door.ready')} test="door-done" actions={<a class="button primary" href={home} data-test="to-sign-in">{td('door.to_console')}</a>}><p class="quiet">{td('door.ready_hint', { email: offer.email })}</p></Notice>;
  }
  const submit = (): void => {
    setTried(true);
    if (!name.trim() || !password) return;
    send(async () => {
      await post('/api/v1/invitation/accept', { token, name: name.trim(), password });
      setDone(true);
    });
  };
  const missing = (value: string) => (tried && !value.trim() ? td('base.fill_in') : null);
  return (
    <Door title={td('door.invited', { organisation: offer.organisation })} intro={td('door.invited_hint', { email: offer.email })} error={error} onSubmit={submit} test="accept-page">
      <input type="hidden" name="username" autoComplete="username" value={offer.email} />
      <Field label={td('door.name')} name="name" autoComplete="name" required maxLength={80} value={name} test="name" error={missing(name)} onInput={(event) => setName(event.currentTarget.value)} />
      <Field label={td('door.password')} hint={td('door.password_hint')} type="password" name="password" autoComplete="new-password" required value={password} test="password" error={missing(password)} onInput={(event) => setPassword(event.currentTarget.value)} />
      <Button type="submit" variant="primary" size="large" wide busy={busy} test="accept">{td('door.accept')}</Button>
    </Door>
  );
}

export function ResetDoor() {
  return token ? <NewPassword /> : <Forgot />;
}

function Forgot() {
  const [email, setEmail] = useState('');
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState(false);
  const { busy, error, send } = useSending();
  if (sent) return <Notice icon="send" title={td('door.sent')} test="door-sent" actions={<a class="button" href="/console">{td('door.to_console')}</a>}><p class="quiet">{td('door.sent_hint')}</p></Notice>;
  const submit = (): void => {
    setTried(true);
    if (!email.trim()) return;
    send(async () => {
      await post('/api/v1/password-reset', { email: email.trim() });
      setSent(true);
    });
  };
  return (
    <Door title={td('door.forgot')} intro={td('door.forgot_hint')} error={error} onSubmit={submit} test="forgot-page">
      <Field label={td('base.email')} type="email" name="email" autoComplete="username" autoCapitalize="none" spellcheck={false} required value={email} test="email" error={tried && !email.trim() ? td('base.fill_in') : null} onInput={(event) => setEmail(event.currentTarget.value)} />
      <Button type="submit" variant="primary" size="large" wide busy={busy} test="send-link">{td('door.send')}</Button>
    </Door>
  );
}

function NewPassword() {
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const [done, setDone] = useState(false);
  const { busy, error, over, send } = useSending();
  useEffect(() => send(async () => void (await post('/api/v1/password-reset/check', { token }, { retries: 2 }))), []);
  if (over) return <Over />;
  if (done) return <Notice icon="check" tone="good" title={td('door.changed')} test="door-done" actions={<a class="button primary" href="/console" data-test="to-sign-in">{td('door.to_console')}</a>}><p class="quiet">{td('door.changed_hint')}</p></Notice>;
  const submit = (): void => {
    setTried(true);
    if (!password) return;
    send(async () => {
      await post('/api/v1/password-reset/finish', { token, password });
      setDone(true);
    });
  };
  return (
    <Door title={td('door.reset')} intro={td('door.reset_hint')} error={error} onSubmit={submit} test="reset-page">
      <Field label={td('door.password')} hint={td('door.password_hint')} type="password" name="password" autoComplete="new-password" required value={password} test="password" error={tried && !password ? td('base.fill_in') : null} onInput={(event) => setPassword(event.currentTarget.value)} />
      <Button type="submit" variant="primary" size="large" wide busy={busy} test="save-password">{td('door.save')}</Button>
    </Door>
  );
}
