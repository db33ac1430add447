/** One port: whether it is connected, its set-up in a form, and a test that does no harm. */
import { useState } from 'preact/hooks';
import { ApiError, post, put } from '../../base/api';
import { Button, Chip, Field, Switch, TextArea, toast } from '../../base/ui';
import { useAct } from '../asking';
import { FIELDS, NAMES, readField, written, type FieldName, type FieldOf, type Json, type Port, type Tested } from './shapes';
import { ti } from './text';

type Draft = Partial<Record<FieldName, string>>;

export function PortCard({ port, onSaved }: { port: Port; onSaved: () => void }) {
  const [open, setOpen] = useState(false);
  const { kind } = port;
  return (
    <section class="card stack" data-test={`port-${kind}`} aria-labelledby={`port-${kind}-title`}>
      <div class="row between wrap">
        <h2 id={`port-${kind}-title`}>{ti(`port.${kind}`)}</h2>
        <Chip tone={port.enabled ? 'proof' : 'plain'} test={`port-${kind}-state`}>{ti(port.setup === null ? 'port.none' : port.enabled ? 'port.on' : 'port.off')}</Chip>
      </div>
      <p class="quiet">{ti(`port.${kind}_words`)}</p>
      {open
        ? <PortForm port={port} onClose={() => setOpen(false)} onSaved={() => { setOpen(false); onSaved(); }} />
        : <div class="row wrap"><Button test={`edit-${kind}`} onClick={() => setOpen(true)}>{ti('port.edit')}</Button></div>}
      {port.setup !== null && !open ? <PortTest port={port} /> : null}
      {port.push_path !== null && !open ? <Push path={port.push_path} /> : null}
    </section>
  );
}

function PortForm({ port, onClose, onSaved }: { port: Port; onClose: () => void; onSaved: () => void }) {
  const fields = FIELDS[port.kind];
  const [draft, setDraft] = useState<Draft>(() => Object.fromEntries(fields.map((one) => [one.name, written(port.setup?.[one.name] ?? (port.setup === null ? one.begins : null), one.kind)])));
  const [secret, setSecret] = useState('');
  const [enabled, setEnabled] = useState(port.setup === null || port.enabled);
  const [wrong, setWrong] = useState<Draft>({});
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, act] = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const setup: Record<string, Json> = { enabled };
    const found: Draft = {};
    for (const one of fields) {
      const value = readField(draft[one.name] ?? '', one);
      if (value === undefined) found[one.name] = ti(one.kind === 'words' ? 'port.bad_words' : 'port.bad_json');
      else setup[one.name] = value;
    }
    if (secret !== '') setup['secret'] = secret;
    setWrong(found);
    setRefusal(null);
    if (Object.keys(found).length > 0) return;
    void act(async () => {
      try {
        await put(`/api/v1/ports/${port.kind}`, setup);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 422) throw error;
        setRefusal(error.message);
        return;
      }
      toast(ti('port.saved'));
      onSaved();
    });
  };
  const shown = (late: boolean) => fields.filter((one) => one.late === late).map((one) => (
    <PortField key={one.name} of={one} port={port} value={draft[one.name] ?? ''} error={wrong[one.name] ?? null} onText={(text) => setDraft((now) => ({ ...now, [one.name]: text }))} />
  ));
  return (
    <form class="stack" noValidate onSubmit={send} data-test={`form-${port.kind}`}>
      {shown(false)}
      <Field label={ti('port.secret')} hint={ti(port.has_secret ? 'port.secret_kept' : 'port.secret_hint')} type="password" autocomplete="off" value={secret} maxLength={2000} test={`secret-${port.kind}`} onInput={(event) => setSecret(event.currentTarget.value)} />
      <details open={Object.keys(wrong).length > 0}><summary>{ti('port.more')}</summary><div class="stack port-more">{shown(true)}</div></details>
      <Switch label={ti('port.enabled')} on={enabled} onToggle={setEnabled} test={`enabled-${port.kind}`} />
      {refusal ? <p class="wrong" role="alert" data-test="port-refused">{refusal}</p> : null}
      <div class="row wrap port-end"><Button onClick={onClose}>{ti('base.cancel')}</Button><Button type="submit" variant="primary" busy={busy} test={`save-${port.kind}`}>{ti('port.save')}</Button></div>
    </form>
  );
}

function PortField({ of, port, value, error, onText }: { of: FieldOf; port: Port; value: string; error: string | null; onText: (text: string) => void }) {
  const label = ti(`port.${of.name}`);
  const test = `${port.kind}-${of.name}`;
  if (of.kind === 'json' || of.kind === 'words') {
    const hint = of.kind === 'json' ? ti('port.body_hint', { names: NAMES[port.kind] }) : ti('port.words_hint');
    return <TextArea label={label} hint={hint} rows={5} class="input mono" spellcheck={false} dir="ltr" value={value} test={test} error={error} onInput={(event) => onText(event.currentTarget.value)} />;
  }
  const hint = of.kind === 'list' ? ti('port.list_hint') : of.name === 'url' ? NAMES[port.kind] : of.name === 'check_url' ? ti('port.check_url_hint') : of.name === 'status_url' ? ti('port.status_url_hint', { reference: '{reference}' }) : null;
  return <Field label={label} {...(hint === null ? {} : { hint })} dir="ltr" inputMode={of.kind === 'number' ? 'numeric' : 'text'} value={value} maxLength={2000} test={test} error={error} onInput={(event) => onText(event.currentTarget.value)} />;
}

function PortTest({ port }: { port: Port }) {
  const [number, setNumber] = useState('');
  const [told, setTold] = useState<Tested | null>(null);
  const [busy, act] = useAct();
  const run = (): void => void act(async () => setTold(await post<Tested>(`/api/v1/ports/${port.kind}/test`, port.kind === 'tracking' && number.trim() ? { tracking_number: number.trim() } : {})));
  return (
    <div class="stack port-test">
      <div class="row wrap port-try">
        {port.kind === 'tracking' ? <Field label={ti('port.test_number')} value={number} maxLength={64} test="test-number" onInput={(event) => setNumber(event.currentTarget.value)} /> : null}
        <Button busy={busy} test={`test-${port.kind}`} onClick={run}>{ti('port.test')}</Button>
      </div>
      {told ? (
        <div class="stack tight port-told" role="status" data-test={`tested-${port.kind}`} data-ok={told.ok}>
          <p><Chip tone={told.ok ? 'proof' : 'warn'}>{ti(told.ok ? 'port.test_ok' : 'port.test_bad')}</Chip> {told.words}</p>
          <p class="xs faint">{ti('port.asked')} <span class="mono port-url" dir="ltr">{told.request}</span></p>
          <p class="xs faint">{told.status === null ? ti('port.no_answer', { ms: told.latency_ms }) : ti('port.answered', { status: told.status, ms: told.latency_ms })}</p>
          {told.answer ? <pre class="port-answer mono xs" dir="ltr" tabIndex={0}>{told.answer}</pre> : null}
        </div>
      ) : null}
    </div>
  );
}

function Push({ path }: { path: string }) {
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, act] = useAct();
  return (
    <details class="port-push">
      <summary>{ti('port.push')}</summary>
      <div class="stack port-more">
        <p class="s quiet">{ti('port.push_words')}</p>
        <p class="mono s port-url" dir="ltr">{location.origin}{path}</p>
        {secret === null
          ? <div><Button size="small" busy={busy} test="push-secret" onClick={() => void act(async () => setSecret((await post<{ secret: string }>('/api/v1/ports/tracking/push-secret')).secret))}>{ti('port.push_secret')}</Button></div>
          : <><p class="s">{ti('port.push_once')}</p><p class="mono s port-url" dir="ltr" data-test="push-secret-shown">{secret}</p></>}
      </div>
    </details>
  );
}
