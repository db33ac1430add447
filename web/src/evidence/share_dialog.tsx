/** Let one named person without an account replay an inspection, or the marked part of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { newClientId, post } from '../base/api';
import { endedLogin, failureWords } from '../base/sign_in';
import { addText } from '../base/text';
import { Button, Dialog, Field, toast } from '../base/ui';
import { evidenceWords, te } from './text';

interface Made {
  readonly share: { readonly name: string };
  readonly url: string;
}

const USUAL_DAYS = 7;
const LONGEST_DAYS = 90;

export function ShareDialog({ sessionId, part, onClose }: { sessionId: string; part: { fromMs: number; toMs: number } | null; onClose: () => void }) {
  const [ready, setReady] = useState(false);
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [days, setDays] = useState(String(USUAL_DAYS));
  const [mayDownload, setMayDownload] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const [busy, setBusy] = useState(false);
  // A second touch, or a repeat after a lost answer, makes no second link.
  const once = useRef(newClientId());
  useEffect(() => { void addText(evidenceWords).then(() => setReady(true)); }, []);
  if (!ready) return null;
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 19);
  const lifetime = Number(days);
  const fits = name.trim() !== '' && Number.isInteger(lifetime) && lifetime >= 1 && lifetime <= LONGEST_DAYS;
  const changed = (set: () => void): void => {
    once.current = newClientId();
    set();
  };
  const make = async (): Promise<void> => {
    setBusy(true);
    try {
      const moments = part === null ? {} : { from: new Date(part.fromMs).toISOString(), to: new Date(part.toMs).toISOString() };
      const wanted = { name: name.trim(), days: lifetime, may_download: mayDownload, ...(email.trim() ? { email: email.trim() } : {}), ...moments };
      setMade(await post<Made>(`/api/v1/sessions/${encodeURIComponent(sessionId)}/shares`, wanted, { headers: { 'Idempotency-Key': once.current }, retries: 2 }));
    } catch (error) {
      if (!endedLogin(error)) toast(te('share.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  const copy = async (url: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(url);
      toast(te('share.copied'));
    } catch {
      document.querySelector<HTMLInputElement>('[data-test=share-url]')?.select();
    }
  };
  return (
    <Dialog title={te('share.make_title')} onClose={onClose} test="share-dialog">
      {made === null ? (
        <form class="stack" onSubmit={(event) => { event.preventDefault(); if (fits) void make(); }}>
          <p class="s quiet" data-test="share-what">{part === null ? te('share.whole') : te('share.part', { from: time(part.fromMs), to: time(part.toMs) })}</p>
          <Field label={te('share.name')} hint={te('share.name_hint')} maxLength={80} value={name} test="share-name" onInput={(event) => { const value = event.currentTarget.value; changed(() => setName(value)); }} />
          <Field label={te('share.email')} type="email" maxLength={254} value={email} test="share-email" onInput={(event) => { const value = event.currentTarget.value; changed(() => setEmail(value)); }} />
          <Field label={te('share.days')} type="number" inputMode="numeric" value={days} test="share-days" onInput={(event) => { const value = event.currentTarget.value; changed(() => setDays(value)); }} />
          <label class="row"><input type="checkbox" checked={mayDownload} data-test="share-download" onChange={(event) => { const on = event.currentTarget.checked; changed(() => setMayDownload(on)); }} />{te('share.allow_download')}</label>
          <Button variant="primary" icon="link" type="submit" busy={busy} disabled={!fits} test="share-go">{te('share.go')}</Button>
        </form>
      ) : (
        <div class="stack">
          <p>{te('share.made', { name: made.share.name })}</p>
          <Field label={te('share.copy')} value={made.url} readOnly test="share-url" />
          <Button variant="primary" icon="copy" test="share-copy" onClick={() => void copy(made.url)}>{te('share.copy')}</Button>
        </div>
      )}
    </Dialog>
  );
}
