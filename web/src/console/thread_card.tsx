/** The thread with the buyer: what was said, a line to write, internal notes, and replies ready to use. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, get } from '../base/api';
import type { CaseView } from '../base/protocol';
import { endedLogin, failureWords } from '../base/sign_in';
import { locale } from '../base/text';
import { languageName } from '../base/time';
import { Button, Dialog, Field, Select, Skeleton, TextArea } from '../base/ui';
import { MessageList } from '../thread/list';
import { Thread } from '../thread/thread';
import { onNews, onThread } from './news';
import { leftIn, SCENES, type Scene } from './scripts';
import { t } from './text';

const TYPING_SHOWN_MS = 6_000;

export function ThreadCard({ view }: { view: CaseView }) {
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}/thread`;
  const thread = useMemo(() => new Thread(path, path, 'staff'), [path]);
  const [, redraw] = useState(0);
  useEffect(() => {
    void thread.load();
    let fading: ReturnType<typeof setTimeout> | undefined;
    const stops = [
      onNews(() => void thread.load()),
      onThread((caseId, typing) => {
        if (caseId !== view.id) return;
        if (typing === null) {
          thread.typingUntil.value = 0;
          void thread.load();
        }
        else if (typing === 'buyer') {
          thread.typingUntil.value = Date.now() + TYPING_SHOWN_MS;
          clearTimeout(fading);
          fading = setTimeout(() => redraw((n) => n + 1), TYPING_SHOWN_MS);
        }
      }),
    ];
    return () => {
      clearTimeout(fading);
      for (const stop of stops) stop();
    };
  }, [thread]);
  const messages = thread.messages.value;
  return (
    <section class="card stack" data-test="thread-card" aria-labelledby="thread-title">
      <h2 id="thread-title">{t('thread.title', { name: view.buyer.name })}</h2>
      {messages === null ? (thread.failed.value ? <p class="s quiet" role="alert">{t('thread.failed')}</p> : <Skeleton height={80} />) : null}
      {messages?.length === 0 ? <p class="s quiet">{t('thread.none')}</p> : null}
      {messages && messages.length > 0 ? (
        <MessageList
          thread={thread}
          words={{
            you: t('thread.you'),
            internal: t('thread.internal'),
            inCall: t('thread.in_call'),
            erased: t('thread.erased'),
            read: t('thread.read', { name: view.buyer.name }),
            earlier: t('thread.earlier'),
            attachments: (count) => t('thread.attachments', { count }),
          }}
        />
      ) : null}
      {thread.typingUntil.value > Date.now() ? <p class="xs faint" data-test="thread-typing">{t('thread.typing', { name: view.buyer.name })}</p> : null}
      <Composer view={view} thread={thread} />
    </section>
  );
}

function Composer({ view, thread }: { view: CaseView; thread: Thread }) {
  const [text, setText] = useState('');
  const [language, setLanguage] = useState(view.buyer.locale);
  const [to, setTo] = useState<'buyer' | 'ask' | 'staff'>('buyer');
  const [picking, setPicking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const internal = to === 'staff';
  const left = internal ? [] : leftIn(text);
  const send = async (): Promise<void> => {
    if (!text.trim() || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await thread.send({ text: text.trim(), locale: internal ? locale.peek() : language, internal, anyway: left.length > 0, asks: to === 'ask' });
      setText('');
    } catch (error) {
      if (!endedLogin(error)) setFailure(error instanceof ApiError && error.status === 403 ? t('thread.forbidden') : failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  // The dialog stands beside the form: Enter in its search must not send the message.
  return (
    <>
    <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <TextArea
        label={t(internal ? 'thread.write_note' : 'thread.write')}
        rows={4}
        maxLength={4000}
        dir="auto"
        test="thread-text"
        value={text}
        onInput={(event) => { setText(event.currentTarget.value); if (!internal) thread.typing(); }}
        error={failure}
      />
      {left.length > 0 ? <p class="s wrong" role="alert" data-test="thread-left">{t('thread.left', { names: left.map((name) => `{${name}}`).join(', ') })}</p> : null}
      <div class="row wrap between">
        <Select<'buyer' | 'ask' | 'staff'> label={t('thread.to')} hideLabel test="thread-to" value={to} onPick={setTo} options={[{ value: 'buyer', label: t('thread.to_buyer', { name: view.buyer.name }) }, { value: 'ask', label: t('thread.to_ask', { name: view.buyer.name }) }, { value: 'staff', label: t('thread.to_staff') }]} />
        <span class="row wrap">
          {internal ? null : <Button type="button" icon="list" test="thread-scripts" onClick={() => setPicking(true)}>{t('thread.scripts')}</Button>}
          <Button type="submit" variant="primary" icon="send" busy={busy} disabled={!text.trim()} test="thread-send">{t(internal ? 'thread.keep_note' : left.length > 0 ? 'thread.send_anyway' : 'thread.send')}</Button>
        </span>
      </div>
    </form>
    {picking ? <Scripts view={view} onClose={() => setPicking(false)} onPick={(script) => { setText(text.trim() ? `${text.trimEnd()}\n\n${script.words}` : script.words); setLanguage(script.locale); setPicking(false); }} /> : null}
    </>
  );
}

interface FilledScript {
  readonly name: string;
  readonly scene: Scene;
  readonly locale: string;
  readonly title: string;
  readonly words: string;
  readonly empty: readonly string[];
}

const LANGUAGES = ['en', 'zh-Hans', 'es', 'de', 'ar'];

function Scripts({ view, onClose, onPick }: { view: CaseView; onClose: () => void; onPick: (script: FilledScript) => void }) {
  const [found, setFound] = useState<readonly FilledScript[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [q, setQ] = useState('');
  const [scene, setScene] = useState<Scene | ''>('');
  const [language, setLanguage] = useState(LANGUAGES.includes(view.buyer.locale) ? view.buyer.locale : 'en');
  useEffect(() => {
    let wanted = true;
    get<{ items: FilledScript[] }>(`/api/v1/cases/${encodeURIComponent(view.id)}/scripts?locale=${encodeURIComponent(language)}`).then(
      (answer) => { if (wanted) { setFound(answer.items); setFailed(false); } },
      () => { if (wanted) setFailed(true); },
    );
    return () => { wanted = false; };
  }, [view.id, language]);
  const searched = q.toLowerCase().split(/\s+/);
  const shown = (found ?? []).filter((one) => (scene === '' || one.scene === scene) && searched.every((word) => `${one.title} ${one.words}`.toLowerCase().includes(word)));
  return (
    <Dialog title={t('thread.scripts')} onClose={onClose} test="scripts-dialog" actions={<Button onClick={onClose}>{t('base.close')}</Button>}>
      <div class="stack">
        <Field label={t('thread.search')} type="search" test="scripts-search" value={q} onInput={(event) => setQ(event.currentTarget.value)} />
        <div class="form-row">
          <Select<Scene | ''> label={t('thread.scene')} test="scripts-scene" value={scene} onPick={setScene} options={[{ value: '', label: t('thread.scene_all') }, ...SCENES.map((value) => ({ value, label: t(`scene.${value}`) }))]} />
          <Select label={t('thread.language')} test="scripts-language" value={language} onPick={setLanguage} options={LANGUAGES.map((value) => ({ value, label: languageName(value) }))} />
        </div>
        {failed ? <p role="alert">{t('thread.scripts_failed')}</p> : null}
        {found !== null && shown.length === 0 ? <p class="quiet s">{t('thread.scripts_none')}</p> : null}
        {shown.map((one) => (
          <button key={one.name} type="button" class="button script" data-test={`script-${one.name}`} onClick={() => onPick(one)}>
            <strong>{one.title}</strong>
            <span class="script-words s quiet" dir="auto" lang={one.locale}>{one.words}</span>
            {one.empty.length > 0 ? <span class="xs wrong">{t('thread.lacks', { names: one.empty.map((name) => `{${name}}`).join(', ') })}</span> : null}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
