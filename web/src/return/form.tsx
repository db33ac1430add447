/** The form itself: which lines, what is wrong, photographs, and one button. */
import { useState } from 'preact/hooks';
import { locale } from '../base/text';
import { Button, Field, Icon, IconButton, TextArea } from '../base/ui';
import { offeredFor } from './offered';
import { ReasonPicture } from './reason_picture';
import { t } from './text';
import type { Upload } from './upload';
import type { Line, Visit } from './visit';

function LineRow({ visit, line, index }: { visit: Visit; line: Line; index: number }) {
  const lines = visit.typed.value.lines;
  const count = lines[index] ?? 0;
  const [broken, setBroken] = useState(false);
  const set = (wanted: number) => visit.type({ lines: { ...lines, [index]: Math.max(0, Math.min(line.quantity, wanted)) } });
  return (
    <li class="line" data-picked={count > 0}>
      <label class="row grow">
        <input type="checkbox" checked={count > 0} data-test="pick-line" onChange={(event) => set(event.currentTarget.checked ? 1 : 0)} />
        {line.picture && !broken ? <img src={line.picture} alt="" width="56" height="56" onError={() => setBroken(true)} /> : <span class="no-picture"><Icon name="parcel" /></span>}
        <span class="grow"><bdi>{line.title}</bdi></span>
      </label>
      {line.quantity > 1 && count > 0 ? (
        <div class="row count" role="group" aria-label={t('return.quantity')}>
          <Button aria-label="−" disabled={count <= 1} onClick={() => set(count - 1)}>−</Button>
          <span class="num" aria-live="polite">{count}</span>
          <Button aria-label="+" disabled={count >= line.quantity} onClick={() => set(count + 1)}>+</Button>
        </div>
      ) : null}
    </li>
  );
}

function UploadTile({ visit, upload }: { visit: Visit; upload: Upload }) {
  const state = upload.state.value;
  return (
    <li class="tile" data-test="upload" data-state={state}>
      {upload.picture ? <img src={upload.picture} alt="" /> : <span class="no-picture"><Icon name="video" /></span>}
      {state === 'done' ? <span class="tile-done"><Icon name="check" /></span> : null}
      <IconButton icon="close" label={t('return.remove', { name: upload.file.name })} onClick={() => visit.detach(upload)} />
      {state === 'sending' ? <progress max="100" value={upload.percent} aria-label={t('return.uploading', { percent: upload.percent })} /> : null}
      {state === 'waiting' ? <p class="xs" role="status">{t('return.upload_failed')}</p> : null}
      {state === 'refused' ? <p class="xs wrong" role="alert">{t('return.upload_refused')}</p> : null}
    </li>
  );
}

export function Form({ visit }: { visit: Visit }) {
  const [asked, setAsked] = useState(false);
  const draft = visit.draft.value;
  if (!draft) return null;
  const { typed, uploads, trouble } = visit;
  const { words, name, title, lines } = typed.value;
  const known = draft.order !== null;
  const picked = draft.order?.items.filter((_line, index) => (lines[index] ?? 0) > 0) ?? [];
  const offered = offeredFor(visit.reasons.value, picked.map((line) => line.category));
  // What was chosen for other lines is not offered for these: it is asked again.
  const reason = offered.find((one) => one.reason === typed.value.reason)?.reason ?? '';
  const noLines = known && !Object.values(lines).some((count) => count > 0);
  const unsent = uploads.value.some((upload) => upload.state.value === 'sending' || upload.state.value === 'waiting');
  const wrong = noLines || !reason || (!known && (!name.trim() || !title.trim()));
  const file = () => {
    setAsked(true);
    if (wrong || unsent) document.querySelector('[data-wrong=true]')?.scrollIntoView({ block: 'center' });
    else void visit.file();
  };
  return (
    <>
      <main class="stack wide" data-test="return-form">
        {known ? (
          <section class="stack" data-wrong={asked && noLines}>
            <h2>{t('return.what')}</h2>
            <ul class="stack">{draft.order?.items.map((line, index) => <LineRow key={index} visit={visit} line={line} index={index} />)}</ul>
            {asked && noLines ? <p class="wrong" role="alert">{t('return.need_lines')}</p> : null}
          </section>
        ) : (
          <section class="stack">
            <div class="card stack warn-card" data-test="unknown-order"><b>{t('return.unknown_title')}</b><p class="s">{t('return.unknown_text')}</p>
              <Button onClick={() => visit.again()}>{t('return.begin_again')}</Button></div>
            <Field label={t('return.name')} autocomplete="name" test="name" value={name} maxLength={100} error={asked && !name.trim() ? t('return.failed') : null} onInput={(event) => visit.type({ name: event.currentTarget.value })} />
            <Field label={t('return.bought')} test="bought" value={title} maxLength={300} error={asked && !title.trim() ? t('return.failed') : null} onInput={(event) => visit.type({ title: event.currentTarget.value })} />
          </section>
        )}
        <section class="stack" data-wrong={asked && !reason} role="radiogroup" aria-label={t('return.reason')}>
          <h2>{t('return.reason')}</h2>
          <div class="reasons">
            {offered.map(({ reason: one, words: own }) => (
              <button key={one} type="button" role="radio" class="reason" aria-checked={reason === one} data-test={`reason-${one}`} onClick={() => visit.type({ reason: one })}>
                <ReasonPicture reason={one} />
                <b dir="auto">{own[locale.value] ?? t(`reason.${one}`)}</b>
                {own[locale.value] ? null : <span class="xs quiet">{t(`return.hint_${one}`)}</span>}
              </button>
            ))}
          </div>
          {asked && !reason ? <p class="wrong" role="alert">{t('return.need_reason')}</p> : null}
        </section>
        <TextArea label={t('return.words')} hint={t('return.words_hint')} test="words" rows={4} dir="auto" maxLength={4000} value={words} onInput={(event) => visit.type({ words: event.currentTarget.value })} />
        <section class="stack" data-wrong={asked && unsent}>
          <h2>{t('return.photos')}</h2>
          <p class="quiet s">{t('return.photos_hint')}</p>
          <ul class="tiles">{uploads.value.map((upload) => <UploadTile key={upload} visit={visit} upload={upload} />)}</ul>
          {uploads.value.length < 12 ? (
            <label class="button wide">
              <Icon name="camera" />{t('return.add_photo')}
              <input class="sr" type="file" multiple accept="image/jpeg,image/png,image/webp,video/mp4,video/quicktime,video/webm" data-test="files" onChange={(event) => { visit.attach(event.currentTarget.files); event.currentTarget.value = ''; }} />
            </label>
          ) : null}
          {asked && unsent ? <p class="wrong" role="alert">{t('return.wait_uploads')}</p> : null}
        </section>
      </main>
      <footer class="bar">
        {trouble.value ? <p class="wrong" role="alert" data-test="trouble">{t(`return.${trouble.value}`)}</p> : null}
        <Button variant="primary" size="large" wide busy={visit.busy.value} test="file" onClick={file}>{t('return.file')}</Button>
      </footer>
    </>
  );
}
