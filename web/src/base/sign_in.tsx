/** Staff signing in: who is here, the form, and leaving. */
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError, get, post } from './api';
import type { Staff } from './protocol';
import { preferredLocale, setLocale, tb } from './text';
import { waitLength } from './time';
import { Button, Field, LanguageSwitch } from './ui';

/** Who is signed in: undefined while it is not known, null for nobody. */
export const staff = signal<Staff | null | undefined>(undefined);

function welcome(found: Staff): void {
  staff.value = found;
  void setLocale(preferredLocale(found.locale)).catch(() => undefined);
}

/** Ask who is signed in; throws when the server cannot be reached. */
export async function loadStaff(): Promise<void> {
  try {
    welcome((await get<{ staff: Staff }>('/api/me')).staff);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    staff.value = null;
  }
}

export async function signOut(): Promise<void> {
  try {
    await post('/api/logout');
  } finally {
    staff.value = null;
  }
}

function wordsFor(error: unknown): string {
  if (!(error instanceof ApiError)) return tb('base.error_server');
  if (error.code === 'wrong_credentials') return tb('base.wrong_credentials');
  if (error.code === 'too_many_attempts') return tb('base.too_many_attempts', { wait: waitLength(error.problem?.retry_after_s ?? 60) });
  return tb(error.status === 0 ? 'base.error_network' : 'base.error_server');
}

/** The sign-in form; `title` says to what. */
export function SignIn({ title, children }: { title: string; children?: ComponentChildren }) {
  const email = useSignal('');
  const password = useSignal('');
  const busy = useSignal(false);
  const error = useSignal<string | null>(null);
  const submit = async () => {
    if (!email.value.trim() || !password.value) {
      error.value = tb('base.fill_in');
      return;
    }
    busy.value = true;
    error.value = null;
    try {
      const answer = await post<{ staff: Staff }>('/api/login', { email: email.value.trim(), password: password.value });
      welcome(answer.staff);
    } catch (caught) {
      error.value = wordsFor(caught);
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="sign-in" data-test="sign-in-page">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div class="row between"><strong>Proofcall</strong><LanguageSwitch /></div>
        <h1>{title}</h1>
        {children}
        <Field label={tb('base.email')} type="email" name="email" autoComplete="username" required value={email.value} test="email" onInput={(event) => (email.value = event.currentTarget.value)} />
        <Field label={tb('base.password')} type="password" name="password" autoComplete="current-password" required value={password.value} test="password" error={error.value} onInput={(event) => (password.value = event.currentTarget.value)} />
        <Button type="submit" variant="primary" size="large" wide busy={busy.value} test="sign-in">{tb('base.sign_in')}</Button>
      </form>
    </main>
  );
}
