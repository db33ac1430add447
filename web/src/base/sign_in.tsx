/** Staff signing in: who is here, the way in and out, and what a failure means. */
import { computed, signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError, get, post, put } from './api';
import type { Staff } from './protocol/desk';
import { refusals } from './locales/refusals';
import { signInWords } from './locales/sign_in';
import { locale, nearestLocale, ownWords, preferredLocale, setLocale, tb, type Locale } from './text';
import { waitLength } from './time';
import { Button, Field, LanguageSwitch, Notice, toast } from './ui';

const tw = ownWords<(typeof signInWords)['en']>(signInWords);

/** Who is signed in: undefined while it is not known, null for nobody. */
export const staff = signal<Staff | null | undefined>(undefined);

/** Chosen on the sign-in page of this visit: newer than what the account keeps. */
let chosenBefore: Locale | null = null;

function welcome(found: Staff): void {
  staff.value = found;
  if (chosenBefore !== null) void keepLanguage(chosenBefore);
  // The account goes first: a tablet of the warehouse remembers a colleague's language.
  else void setLocale(nearestLocale(found.locale) ?? preferredLocale()).catch(() => undefined);
  chosenBefore = null;
}

/** Keep the language of the pages in the person's account. */
async function keepLanguage(chosen: Locale): Promise<void> {
  const person = staff.peek();
  if (!person || person.locale === chosen) return;
  try {
    await put('/api/v1/me/locale', { locale: chosen }, { retries: 2 });
    staff.value = { ...person, locale: chosen };
  } catch (error) {
    if (!endedLogin(error)) toast(failureWords(error));
  }
}

/** The language of whoever is signed in, kept in their account. */
export function StaffLanguage() {
  return <LanguageSwitch onPicked={(chosen) => void keepLanguage(chosen)} />;
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
  const known = locale.value === 'en' ? undefined : refusals[locale.value][error.code];
  return known ?? (error.message || tb('base.error_server'));
}

function wordsFor(error: unknown): string {
  const code = error instanceof ApiError ? error.code : '';
  if (code === 'wrong_credentials') return tb('base.wrong_credentials');
  if (code === 'wrong_code') return tw('wrong_code');
  if (error instanceof ApiError && code === 'too_many_attempts') {
    return tb('base.too_many_attempts', { wait: waitLength(error.problem?.retry_after_s ?? 60) });
  }
  return failureWords(error);
}

/** The sign-in form; `title` says to what, `intro` what for. */
export function SignIn({ title, intro }: { title: string; intro?: string | undefined }) {
  const email = useSignal('');
  const password = useSignal('');
  const code = useSignal('');
  /** The password was right, and a code of the person's app is wanted too. */
  const asksForCode = useSignal(false);
  const busy = useSignal(false);
  const tried = useSignal(false);
  const error = useSignal<string | null>(null);
  const missing = (value: string) => (tried.value && !value.trim() ? tb('base.fill_in') : null);
  const submit = async () => {
    tried.value = true;
    error.value = null;
    if (!email.value.trim() || !password.value || busy.value || (asksForCode.value && !code.value.trim())) return;
    busy.value = true;
    try {
      const answer = await post<{ staff: Staff }>('/api/login', {
        email: email.value.trim(),
        password: password.value,
        ...(asksForCode.value ? { code: code.value.trim() } : {}),
      });
      welcome(answer.staff);
    } catch (caught) {
      if (caught instanceof ApiError && caught.code === 'code_required') {
        asksForCode.value = true;
        tried.value = false;
        return;
      }
      if (caught instanceof ApiError && caught.code === 'wrong_credentials') asksForCode.value = false;
      code.value = '';
      error.value = wordsFor(caught);
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="sign-in" data-test="sign-in-page">
      <form
        class="card stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div class="row between"><strong>Proofcall</strong><LanguageSwitch onPicked={(chosen) => (chosenBefore = chosen)} /></div>
        <h1>{title}</h1>
        {intro ? <p class="quiet">{intro}</p> : null}
        <Field label={tb('base.email')} type="email" name="email" autoComplete="username" autoCapitalize="none" spellcheck={false} required value={email.value} test="email" error={missing(email.value)} onInput={(event) => (email.value = event.currentTarget.value)} />
        <Field label={tb('base.password')} type="password" name="password" autoComplete="current-password" required value={password.value} test="password" error={missing(password.value)} onInput={(event) => (password.value = event.currentTarget.value)} />
        {asksForCode.value ? <Field label={tw('code')} hint={tw('code_hint')} name="code" autoComplete="one-time-code" autoCapitalize="characters" spellcheck={false} required autoFocus value={code.value} test="code" error={missing(code.value)} onInput={(event) => (code.value = event.currentTarget.value)} /> : null}
        <p class="sign-in-wrong" role="alert" data-test="sign-in-error">{error.value}</p>
        <Button type="submit" variant="primary" size="large" wide busy={busy.value} test="sign-in">{tb('base.sign_in')}</Button>
        <a class="s" href="/reset" data-test="forgot">{tw('forgot')}</a>
      </form>
    </main>
  );
}

const unreachable = signal(false);

function identify(): void {
  unreachable.value = false;
  loadStaff().catch(() => (unreachable.value = true));
}

/** Shows its children to staff who are signed in, and the way in to everybody else. */
export function StaffOnly({ title, intro, children }: { title: string; intro?: string; children: ComponentChildren }) {
  useEffect(() => {
    if (staff.value === undefined) identify();
  }, []);
  if (staff.value) return <>{children}</>;
  if (staff.value === null) return <SignIn title={title} intro={intro} />;
  if (unreachable.value) {
    return <Notice icon="offline" title={tb('base.error_network')} test="offline" actions={<Button variant="primary" onClick={identify}>{tb('base.try_again')}</Button>} />;
  }
  return <main class="sign-in" aria-busy="true"><span class="spinner" role="status" aria-label={tb('base.loading')} /></main>;
}

/** Whether this person has to set up a second factor before anything but their account opens. */
export const mustSetUpFactor = computed(() => staff.value?.second_factor === 'to_set_up');

/** What a page says that does not open before the second factor is set up; the way there and out. */
export function SetUpFactorFirst() {
  const organisation = staff.value?.organisation.name ?? '';
  return (
    <Notice
      icon="shield"
      title={tw('factor_title')}
      test="factor-first"
      actions={<><a class="button primary" href="/console/account">{tw('factor_set_up')}</a><Button variant="plain" onClick={() => void signOut()}>{tb('base.sign_out')}</Button></>}
    >
      <p class="quiet">{tw('factor_text', { organisation })}</p>
    </Notice>
  );
}
