/** A line to write to the buyer or to colleagues; what is begun is kept in this browser. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords, staff } from '../base/sign_in';
import { locale } from '../base/text';
import { Button, Select, TextArea } from '../base/ui';
import type { Thread } from '../thread/thread';
import { Drafts, type KeptDraft } from './drafts';
import type { Others } from './presence';
import { leftIn } from './scripts';
import { ScriptsDialog } from './scripts_dialog';
import { useShortcuts } from './shortcuts';
import { t } from './text';

/** Words that come back to be written on. */
export type Writing = KeptDraft;

interface Props {
  view: CaseView;
  thread: Thread;
  others: Others;
  /** What was taken back: it is put before what stands here. */
  back: Writing | null;
  onHeld: () => void;
}

export function Composer({ view, thread, others, back, onHeld }: Props) {
  const drafts = useMemo(() => new Drafts(localStorage, staff.peek()?.id ?? ''), []);
  const kept = useMemo(() => drafts.read(view.id), [view.id]);
  const [writing, setWriting] = useState<Writing>(kept ?? { text: '', language: view.buyer.locale, to: 'buyer' });
  const [restored, setRestored] = useState(kept !== null);
  const [picking, setPicking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const { text, to } = writing;
  const internal = to === 'staff';
  const left = internal ? [] : leftIn(text);
  const change = (part: Partial<Writing>): void => {
    const next = { ...writing, ...part };
    setWriting(next);
    drafts.write(view.id, next);
  };
  useEffect(() => {
    if (back === null) return;
    change(text.trim() ? { text: `${back.text}\n\n${text}` } : back);
    focus();
  }, [back]);
  const focus = (): void => form.current?.querySelector('textarea')?.focus();
  const begin = (reader: 'buyer' | 'staff'): void => {
    if ((reader === 'staff') !== internal) change({ to: reader });
    focus();
  };
  useShortcuts([
    { keys: 'r', words: () => t('keys.reply'), run: () => begin('buyer') },
    { keys: 'n', words: () => t('keys.note'), run: () => begin('staff') },
    { keys: 's', words: () => t('keys.scripts'), run: () => setPicking(true) },
  ]);
  const send = async (): Promise<void> => {
    if (!text.trim() || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await thread.send({ text: text.trim(), locale: internal ? locale.peek() : writing.language, internal, anyway: left.length > 0, asks: to === 'ask' });
      change({ text: '' });
      setRestored(false);
      onHeld();
    } catch (error) {
      if (!endedLogin(error)) setFailure(error instanceof ApiError && error.status === 403 ? t('thread.forbidden') : failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  // The dialog stands beside the form: Enter in its search must not send the message.
  return (
    <>
      <form ref={form} class={internal ? 'composer stack internal' : 'composer stack'} noValidate onSubmit={(event) => { event.preventDefault(); void send(); }}>
        <TextArea
          label={t(internal ? 'thread.write_note' : 'thread.write')}
          hint={t('thread.send_hint')}
          rows={4}
          maxLength={4000}
          dir="auto"
          test="thread-text"
          value={text}
          onInput={(event) => {
            change({ text: event.currentTarget.value });
            others.writes();
            if (!internal) thread.typing();
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              void send();
            } else if (event.key === 'Escape') {
              event.currentTarget.blur();
            }
          }}
          error={failure}
        />
        {restored && text.trim() ? <p class="xs faint" role="status" data-test="draft-restored">{t('thread.restored')}</p> : null}
        {left.length > 0 ? <p class="s wrong" role="alert" data-test="thread-left">{t('thread.left', { names: left.map((name) => `{${name}}`).join(', ') })}</p> : null}
        <div class="row wrap between">
          <Select<Writing['to']> label={t('thread.to')} hideLabel test="thread-to" value={to} onPick={(reader) => change({ to: reader })} options={[{ value: 'buyer', label: t('thread.to_buyer', { name: view.buyer.name }) }, { value: 'ask', label: t('thread.to_ask', { name: view.buyer.name }) }, { value: 'staff', label: t('thread.to_staff') }]} />
          <span class="row wrap">
            {internal ? null : <Button type="button" icon="list" test="thread-scripts" onClick={() => setPicking(true)}>{t('thread.scripts')}</Button>}
            <Button type="submit" icon="send" busy={busy} disabled={!text.trim()} test="thread-send">{t(internal ? 'thread.keep_note' : left.length > 0 ? 'thread.send_anyway' : 'thread.send')}</Button>
          </span>
        </div>
      </form>
      {picking ? <ScriptsDialog view={view} onClose={() => setPicking(false)} onPick={(script) => { change({ text: text.trim() ? `${text.trimEnd()}\n\n${script.words}` : script.words, language: script.locale, ...(internal ? { to: 'buyer' } : {}) }); setPicking(false); focus(); }} /> : null}
    </>
  );
}
