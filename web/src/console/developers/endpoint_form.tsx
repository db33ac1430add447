/** The fields of a webhook endpoint, for a new one and for one that is changed. */
import { useState } from 'preact/hooks';
import { ApiError } from '../../base/api';
import { Button, Field } from '../../base/ui';
import { useAct, useLoaded } from '../asking';
import type { Endpoint, Kind, Page } from './shapes';
import { td } from './text';

export interface EndpointDraft {
  readonly name: string;
  readonly url: string;
  readonly kinds: readonly string[];
}

export function EndpointForm({ begins, submit, label, onCancel }: {
  begins: Endpoint | null;
  submit: (draft: EndpointDraft) => Promise<void>;
  label: string;
  onCancel?: () => void;
}) {
  const [name, setName] = useState(begins?.name ?? '');
  const [url, setUrl] = useState(begins?.url ?? 'https://');
  const [all, setAll] = useState(begins === null || begins.kinds.length === 0);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(begins?.kinds));
  const [wrong, setWrong] = useState<{ url?: string; name?: string; kinds?: string }>({});
  const [busy, act] = useAct();
  const known = useLoaded<Page<Kind>>('/api/v1/webhook-kinds').value?.items ?? [];
  const kinds: readonly Kind[] = [...known, ...[...chosen].filter((kind) => !known.some((one) => one.kind === kind)).map((kind) => ({ kind, words: kind }))];
  const toggle = (kind: string): void => {
    const next = new Set(chosen);
    if (!next.delete(kind)) next.add(kind);
    setChosen(next);
  };
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const found: typeof wrong = {};
    if (name.trim() === '') found.name = td('key.name_hint');
    if (!/^https?:\/\/\S+\.?\S+$/.test(url.trim())) found.url = td('hook.url_hint');
    if (!all && chosen.size === 0) found.kinds = td('hook.needs_kind');
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    void act(async () => {
      try {
        await submit({ name: name.trim(), url: url.trim(), kinds: all ? [] : [...chosen].sort() });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'url_refused') throw error;
        setWrong({ url: error.message });
      }
    });
  };
  return (
    <form class="stack endpoint-form" onSubmit={send} noValidate data-test="endpoint-form">
      <Field label={td('hook.name')} value={name} maxLength={100} test="hook-name" error={wrong.name ?? null} onInput={(event) => setName(event.currentTarget.value)} />
      <Field label={td('hook.url')} hint={td('hook.url_hint')} type="url" inputMode="url" value={url} maxLength={2000} test="hook-url" error={wrong.url ?? null} onInput={(event) => setUrl(event.currentTarget.value)} />
      <fieldset class="dev-choices">
        <legend>{td('hook.kinds')}</legend>
        <label class="choice"><input type="radio" name="kinds" checked={all} data-test="kinds-all" onChange={() => setAll(true)} /><span>{td('hook.all')}</span></label>
        <label class="choice"><input type="radio" name="kinds" checked={!all} data-test="kinds-some" onChange={() => setAll(false)} /><span>{td('hook.some')}</span></label>
        {all ? null : (
          <div class="dev-kinds">
            {kinds.map(({ kind, words }) => (
              <label key={kind} class="choice">
                <input type="checkbox" checked={chosen.has(kind)} data-test={`kind-${kind}`} onChange={() => toggle(kind)} />
                <span>{words} <span class="xs faint mono">{kind}</span></span>
              </label>
            ))}
          </div>
        )}
        {wrong.kinds ? <p class="wrong s" role="alert">{wrong.kinds}</p> : null}
      </fieldset>
      <div class="row wrap dev-end">
        {onCancel ? <Button onClick={onCancel}>{td('base.cancel')}</Button> : null}
        <Button type="submit" variant="primary" busy={busy} test="hook-submit">{label}</Button>
      </div>
    </form>
  );
}
