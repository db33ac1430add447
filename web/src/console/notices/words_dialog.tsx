/** The words of one notice in one language: read, changed, shown filled with an example, taken back. */
import { useRef, useState } from 'preact/hooks';
import { ApiError, call, callWithEtag, matching, post, put } from '../../base/api';
import { LOCALE_NAMES, LOCALES, locale, type Locale } from '../../base/text';
import { Button, Chip, Dialog, Field, Select, Skeleton, TextArea, toast } from '../../base/ui';
import { failureWords } from '../../base/sign_in';
import { useAct, useLoaded } from '../asking';
import { unknownNames, withName, type NoticeKind, type Preview, type Template } from './shapes';
import { tn } from './text';

export function WordsDialog({ kind, onClose }: { kind: NoticeKind; onClose: () => void }) {
  const [language, setLanguage] = useState<Locale>(locale.value);
  const found = useLoaded(`/api/v1/notice-templates/${kind}/${language}`, (path) => callWithEtag<Template>('GET', path));
  const template = found.value?.value.locale === language ? found.value.value : null;
  return (
    <Dialog title={tn(`notice.kind.${kind}`)} onClose={onClose} test="words-dialog">
      <Select<Locale> label={tn('notice.language')} test="words-language" value={language} onPick={setLanguage} options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))} />
      {found.failure ? <p role="alert">{tn('notice.failed', { reason: found.failure })} <Button size="small" onClick={found.reload}>{tn('base.try_again')}</Button></p> : null}
      {template === null ? <Skeleton height={280} /> : <Words key={`${language}-${template.own}-${template.subject}`} template={template} etag={found.value?.etag ?? null} onSaved={found.reload} />}
    </Dialog>
  );
}

interface Draft {
  readonly subject: string;
  readonly body: string;
  readonly button: string;
}

function Words({ template, etag, onSaved }: { template: Template; etag: string | null; onSaved: () => void }) {
  const path = `/api/v1/notice-templates/${template.kind}/${template.locale}`;
  const [draft, setDraft] = useState<Draft>({ subject: template.subject, body: template.body, button: template.button });
  const [preview, setPreview] = useState<Preview | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, act] = useAct();
  const body = useRef<HTMLDivElement>(null);
  const strangers = unknownNames(`${draft.subject}\n${draft.body}\n${draft.button}`, template.placeholders);
  const changed = draft.subject !== template.subject || draft.body !== template.body || draft.button !== template.button;
  const change = (part: Partial<Draft>): void => { setDraft((now) => ({ ...now, ...part })); setPreview(null); };
  const attempt = (work: () => Promise<void>): void => void act(async () => {
    setRefusal(null);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError) || ![412, 422].includes(error.status)) throw error;
      setRefusal(error.status === 412 ? failureWords(error) : error.message);
    }
  });
  const putIn = (name: string): void => {
    const area = body.current?.querySelector('textarea');
    if (!area) return;
    const next = withName(draft.body, name, area.selectionStart, area.selectionEnd);
    change({ body: next.text });
    requestAnimationFrame(() => { area.focus(); area.setSelectionRange(next.caret, next.caret); });
  };
  const direction = template.locale === 'ar' ? 'rtl' : 'ltr';
  return (
    <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); attempt(async () => { await put(path, draft, matching(etag)); toast(tn('notice.saved')); onSaved(); }); }}>
      <div><Chip tone={template.own ? 'note' : 'plain'} test="words-whose">{tn(template.own ? 'notice.own_words' : 'notice.our_words')}</Chip></div>
      <Field label={tn('notice.subject')} lang={template.locale} dir={direction} maxLength={200} value={draft.subject} test="words-subject" onInput={(event) => change({ subject: event.currentTarget.value })} />
      <div ref={body}><TextArea label={tn('notice.body')} hint={tn('notice.body_hint')} lang={template.locale} dir={direction} rows={8} maxLength={4000} value={draft.body} test="words-body" onInput={(event) => change({ body: event.currentTarget.value })} /></div>
      <div class="row wrap notice-names" role="group" aria-label={tn('notice.names')}>
        {template.placeholders.map((name) => <Button key={name} size="small" onClick={() => putIn(name)}><span class="mono" dir="ltr">{`{${name}}`}</span></Button>)}
      </div>
      <Field label={tn('notice.button')} lang={template.locale} dir={direction} maxLength={60} value={draft.button} test="words-button" onInput={(event) => change({ button: event.currentTarget.value })} />
      {strangers.length > 0 ? <p class="wrong" role="alert" data-test="words-strangers">{tn('notice.unknown_names', { names: strangers.map((name) => `{${name}}`).join(' ') })}</p> : null}
      {refusal ? <p class="wrong" role="alert" data-test="words-refused">{refusal}</p> : null}
      {preview ? (
        <div class="stack tight notice-preview" role="status" data-test="words-preview">
          <strong lang={template.locale} dir={direction}>{preview.subject}</strong>
          <p class="notice-text" lang={template.locale} dir={direction}>{preview.text}</p>
          {preview.empty.length > 0 ? <p class="s quiet">{tn('notice.empty_names', { names: preview.empty.map((name) => `{${name}}`).join(' ') })}</p> : null}
        </div>
      ) : null}
      <div class="row wrap notice-end">
        {template.own ? <Button variant="danger-quiet" busy={busy} test="words-drop" onClick={() => attempt(async () => { await call<undefined>('DELETE', path); toast(tn('notice.taken_back')); onSaved(); })}>{tn('notice.take_back')}</Button> : null}
        <Button busy={busy} test="words-show" disabled={strangers.length > 0} onClick={() => attempt(async () => setPreview(await post<Preview>(`${path}/preview`, draft)))}>{tn('notice.show')}</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!changed || strangers.length > 0} test="words-save">{tn('notice.save')}</Button>
      </div>
    </form>
  );
}
