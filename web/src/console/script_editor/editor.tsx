/** One reply script: its words, what may stand in braces, and how it reads with a case. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../../base/api';
import type { CaseSummary, Page } from '../../base/protocol/case';
import { endedLogin, failureWords } from '../../base/sign_in';
import { directionOf } from '../../base/text';
import { languageName } from '../../base/time';
import { Button, Field, Select, TextArea, toast } from '../../base/ui';
import { LANGUAGES, PLACEHOLDERS, SCENES, unknownIn, type Scene } from '../scripts';
import { t } from '../text';
import { changeReply, differs, dropReply, nameIsWrong, placeOf, previewIn, saveReply, type Draft, type Reply } from './replies';
import { tr } from './text';

const PAUSE_MS = 350;

interface Props {
  /** Null for a new one. */
  reply: Reply | null;
  /** In which language a new one begins. */
  locale: string;
  onUnsaved: (unsaved: boolean) => void;
  /** With its place, or null when it is no more. */
  onSaved: (place: string | null) => Promise<void>;
}

export function Editor({ reply, locale, onUnsaved, onSaved }: Props) {
  const [draft, setDraft] = useState<Draft>(reply ?? { name: '', scene: 'parcel', locale, title: '', words: '' });
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const unknown = unknownIn(draft.words);
  const changed = differs(draft, reply);
  useEffect(() => onUnsaved(changed), [changed]);
  const change = (part: Partial<Draft>): void => setDraft({ ...draft, ...part });
  const attempt = async (work: () => Promise<string | null>): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await onSaved(await work());
    } catch (error) {
      if (!endedLogin(error)) setFailure(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const save = async (): Promise<void> => {
    setTried(true);
    if (nameIsWrong(draft.name) || !draft.title.trim() || !draft.words.trim() || unknown.length > 0) return;
    await attempt(async () => {
      await changeReply(reply, draft);
      toast(tr('scripts.saved'));
      return placeOf(draft);
    });
  };
  const drop = (own: Reply): Promise<void> => attempt(async () => {
    await dropReply(own);
    const back = (): void => void saveReply(own).then(() => onSaved(placeOf(own)), (error: unknown) => toast(failureWords(error)));
    toast(tr('scripts.gone'), { label: tr('scripts.undo'), run: back });
    return placeOf(own);
  });
  /** Where the cursor stands. */
  const put = (name: string): void => {
    const area = box.current?.querySelector('textarea');
    const at = area?.selectionStart ?? draft.words.length;
    change({ words: `${draft.words.slice(0, at)}{${name}}${draft.words.slice(area?.selectionEnd ?? at)}` });
    area?.focus();
    requestAnimationFrame(() => area?.setSelectionRange(at + name.length + 2, at + name.length + 2));
  };
  const needed = (value: string): string | null => (tried && !value.trim() ? tr('scripts.needed') : null);
  return (
    <div class="stack wide-gap" data-test="script-editor">
      <form class="card stack" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
        {reply === null ? (
          <div class="form-row">
            <Field label={tr('scripts.name_label')} hint={tr('scripts.name_hint')} test="script-name" maxLength={60} value={draft.name} error={tried && nameIsWrong(draft.name) ? tr('scripts.name_wrong') : null} onInput={(event) => change({ name: event.currentTarget.value })} />
            <Select label={t('thread.language')} test="draft-language" value={draft.locale} onPick={(picked) => change({ locale: picked })} options={LANGUAGES.map((value) => ({ value, label: languageName(value) }))} />
          </div>
        ) : <p class="s quiet"><span class="mono">{reply.name}</span> · {languageName(reply.locale)}</p>}
        <Select<Scene> label={t('thread.scene')} test="draft-scene" value={draft.scene} onPick={(picked) => change({ scene: picked })} options={SCENES.map((value) => ({ value, label: t(`scene.${value}`) }))} />
        <Field label={tr('scripts.title_label')} test="script-title" dir="auto" maxLength={120} value={draft.title} error={needed(draft.title)} onInput={(event) => change({ title: event.currentTarget.value })} />
        <div ref={box}>
          <TextArea label={tr('scripts.words_label')} test="script-words" rows={8} maxLength={4000} lang={draft.locale} dir={directionOf(draft.locale)} value={draft.words} error={unknown.length > 0 ? tr('scripts.unknown', { names: unknown.join(', ') }) : needed(draft.words)} onInput={(event) => change({ words: event.currentTarget.value })} />
        </div>
        <div class="row wrap placeholders" role="group" aria-label={tr('scripts.placeholders')}>
          {PLACEHOLDERS.map((name) => <Button key={name} size="small" test={`put-${name}`} onClick={() => put(name)}>{`{${name}}`}</Button>)}
        </div>
        {failure ? <p class="wrong" role="alert" data-test="script-failed">{failure}</p> : null}
        <div class="row wrap">
          <Button type="submit" variant="primary" busy={busy} disabled={!changed} test="save-script">{tr('scripts.save')}</Button>
          {reply?.own ? <Button variant="danger-quiet" busy={busy} test="drop-script" onClick={() => void drop(reply)}>{tr('scripts.delete')}</Button> : null}
          {changed ? <span class="s faint" role="status" data-test="script-unsaved">{tr('scripts.unsaved')}</span> : null}
        </div>
      </form>
      <Preview words={draft.words} locale={draft.locale} />
    </div>
  );
}

function Preview({ words, locale }: { words: string; locale: string }) {
  const [cases, setCases] = useState<readonly CaseSummary[] | null>(null);
  const [caseId, setCaseId] = useState('');
  const [read, setRead] = useState<{ words: string; empty: readonly string[] } | null>(null);
  useEffect(() => {
    get<Page<CaseSummary>>('/api/v1/cases?limit=20').then(({ items }) => {
      setCases(items);
      setCaseId(items[0]?.id ?? '');
    }, () => setCases([]));
  }, []);
  useEffect(() => {
    if (!caseId || !words.trim() || unknownIn(words).length > 0) return setRead(null);
    let wanted = true;
    const timer = setTimeout(() => {
      previewIn(caseId, words).then((filled) => { if (wanted) setRead(filled); }, () => { if (wanted) setRead(null); });
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [caseId, words]);
  return (
    <section class="card stack" aria-labelledby="preview-title" data-test="script-preview">
      <h2 id="preview-title">{tr('scripts.preview')}</h2>
      {cases?.length === 0 ? <p class="quiet s">{tr('scripts.preview_none')}</p> : null}
      {cases && cases.length > 0 ? <Select label={tr('scripts.preview_case')} test="preview-case" value={caseId} onPick={setCaseId} options={cases.map((one) => ({ value: one.id, label: `#${one.order_number} · ${one.buyer_name}` }))} /> : null}
      {read ? <p class="lines why" lang={locale} dir={directionOf(locale)} aria-live="polite" data-test="preview-words">{read.words}</p> : null}
      {read && read.empty.length > 0 ? <p class="s wrong" role="status" data-test="preview-empty">{tr('scripts.preview_empty', { names: read.empty.map((name) => `{${name}}`).join(', ') })}</p> : null}
    </section>
  );
}
