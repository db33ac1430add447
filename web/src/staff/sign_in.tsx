/** Who of the staff is signed in, and the page that lets them in. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, post } from '../base/api';
import type { Staff } from '../base/protocol';
import { tb } from '../base/text';
import { waitLength } from '../base/time';
import { Button, Field, Notice } from '../base/ui';
import './sign_in.css';

/** The person signed in; null: nobody; undefined: not known yet. */
export const staff = signal<Staff | null | undefined>(undefined);
const unreachable = signal(false);

export async function loadStaff(): Promise<void> {
  unreachable.value = false;
  try {
    staff.value = (await get<{ staff: Staff }>('/api/me')).staff;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) staff.value = null;
    else unreachable.value = true;
  }
}

export async function signOut(): Promise<void> {
  await post('/api/logout').catch(() => undefined);
  staff.value = null;
}

/** To be called with any failure: an ended login leads back to the sign-in, the answer says so. */
export function endedLogin(error: unknown): boolean {
  const ended = error instanceof ApiError && error.status === 401;
  if (ended) staff.value = null;
  return ended;
}

/** What a failed request means, in words for the person. */
export function failureWords(error: unknown): string {
  if (!(error instanceof ApiError)) return tb('base.error_server');
  if (error.status === 0) return tb('base.error_network');
  if (error.status === 404) return tb('base.error_not_found');
  if (error.status >= 500) return tb('base.error_server');
  return error.message || tb('base.error_server');
}

function wordsOf(error: unknown): string {
  if (error instanceof ApiError && error.code === 'wrong_credentials') return tb('base.wrong_credentials');
  if (error instanceof ApiError && error.code === 'too_many_attempts') {
    return tb('base.too_many_attempts', { wait: waitLength(error.problem?.retry_after_s ?? 60) });
  }
  return failureWords(error);
}

export function SignIn({ title, intro }: { title: string; intro?: string }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setTried(true);
    setWrong(null);
    if (!email.trim() || !password || busy) return;
    setBusy(true);
    try {
      staff.value = (await post<{ staff: Staff }>('/api/login', { email: email.trim(), password })).staff;
    } catch (error) {
      setWrong(wordsOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in" data-test="sign-in-page">
      <form class="card stack" onSubmit={(event) => void submit(event)} noValidate>
        <h1>{title}</h1>
        {intro ? <p class="quiet">{intro}</p> : null}
        <Field
          label={tb('base.email')} type="email" name="email" autocomplete="username" autocapitalize="none" spellcheck={false} test="email"
          value={email} onInput={(event) => setEmail(event.currentTarget.value)}
          error={tried && !email.trim() ? tb('base.fill_in') : null}
        />
        <Field
          label={tb('base.password')} type="password" name="password" autocomplete="current-password" test="password"
          value={password} onInput={(event) => setPassword(event.currentTarget.value)}
          error={tried && !password ? tb('base.fill_in') : null}
        />
        <p class="sign-in-wrong" role="alert" data-test="sign-in-error">{wrong}</p>
        <Button type="submit" variant="primary" size="large" wide busy={busy} test="sign-in">{tb('base.sign_in')}</Button>
      </form>
    </main>
  );
}

/** Shows its children to staff who are signed in, and the way in to everybody else. */
export function StaffOnly({ title, intro, children }: { title: string; intro?: string; children: ComponentChildren }) {
  useEffect(() => {
    if (staff.value === undefined) void loadStaff();
  }, []);
  if (staff.value) return <>{children}</>;
  if (staff.value === null) return <SignIn title={title} {...(intro === undefined ? {} : { intro })} />;
  if (unreachable.value) {
    return (
      <Notice
        icon="offline" title={tb('base.error_network')} test="offline"
        actions={<Button variant="primary" onClick={() => void loadStaff()}>{tb('base.try_again')}</Button>}
      />
    );
  }
  return <main class="sign-in" aria-busy="true"><span class="spinner" role="status" aria-label={tb('base.loading')} /></main>;
}
