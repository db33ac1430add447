/** The API keys: which there are, a new one, the end of one. */
import { useState } from 'preact/hooks';
import { call, post } from '../../base/api';
import { ago, shortDate } from '../../base/time';
import { Button, Chip, Dialog, Field, Skeleton, toast } from '../../base/ui';
import { useAct, useLoaded } from '../asking';
import { SecretOnce } from './secret_once';
import { SCOPES, type ApiKey, type Page, type Scope } from './shapes';
import { td } from './text';

export function KeysCard() {
  const { value, failure, reload } = useLoaded<Page<ApiKey>>('/api/v1/keys?limit=100');
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [busy, act] = useAct();
  const revoke = (key: ApiKey) => act(async () => {
    await call<undefined>('DELETE', `/api/v1/keys/${encodeURIComponent(key.id)}`);
    setRevoking(null);
    toast(td('key.revoked'));
    reload();
  });
  return (
    <section class="card stack" aria-labelledby="keys-title" data-test="keys">
      <div class="row between wrap">
        <h2 id="keys-title">{td('key.title')}</h2>
        <Button variant="primary" size="small" icon="plus" test="new-key" onClick={() => setMaking(true)}>{td('key.new')}</Button>
      </div>
      {failure !== null ? <p class="s wrong" role="alert">{td('dev.failed', { reason: failure })}</p> : null}
      {value === null ? (failure === null ? <Skeleton height={72} /> : null) : value.items.length === 0 ? <p class="s quiet">{td('key.none')}</p> : (
        <ul class="dev-list">
          {value.items.map((key) => (
            <li key={key.id} data-test="key">
              <div class="grow stack tight">
                <strong>{key.name}</strong>
                <span class="row wrap dev-chips">{key.scopes.map((scope) => <Chip key={scope}>{td(`scope.${scope}`)}</Chip>)}</span>
                <span class="xs faint">
                  {key.beginning === null ? null : <><span class="mono">{td('key.begins', { beginning: key.beginning })}</span>{' · '}</>}
                  {td('key.created', { when: shortDate(key.created_at) })}{' · '}
                  {key.last_used_at === null ? td('key.never_used') : td('key.used', { when: ago(key.last_used_at) })}
                </span>
              </div>
              <Button variant="danger-quiet" size="small" test="revoke-key" onClick={() => setRevoking(key)}>{td('key.revoke')}</Button>
            </li>
          ))}
        </ul>
      )}
      {making ? <NewKey onClose={() => setMaking(false)} onMade={(made) => { setMaking(false); setSecret(made); reload(); }} /> : null}
      {secret !== null ? <SecretOnce title={td('key.made')} secret={secret} onDone={() => setSecret(null)} /> : null}
      {revoking !== null ? (
        <Dialog
          title={td('key.revoke_question', { name: revoking.name })} onClose={() => setRevoking(null)} test="revoke-question"
          actions={(
            <>
              <Button onClick={() => setRevoking(null)}>{td('base.cancel')}</Button>
              <Button variant="danger" busy={busy} test="revoke-yes" onClick={() => void revoke(revoking)}>{td('key.revoke')}</Button>
            </>
          )}
        >
          <p>{td('key.revoke_words')}</p>
        </Dialog>
      ) : null}
    </section>
  );
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set());
  const [tried, setTried] = useState(false);
  const [busy, act] = useAct();
  const missing = scopes.size === 0;
  const toggle = (scope: Scope): void => {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
  };
  const make = (): void => {
    setTried(true);
    if (missing || name.trim() === '') return;
    void act(async () => {
      const made = await post<{ secret: string }>('/api/v1/keys', { name: name.trim(), scopes: SCOPES.filter((scope) => scopes.has(scope)) });
      onMade(made.secret);
    });
  };
  return (
    <Dialog
      title={td('key.new')} onClose={onClose} sheet test="new-key-form"
      actions={(
        <>
          <Button onClick={onClose}>{td('base.cancel')}</Button>
          <Button variant="primary" busy={busy} test="make-key" onClick={make}>{td('key.make')}</Button>
        </>
      )}
    >
      <Field label={td('key.name')} hint={td('key.name_hint')} value={name} maxLength={100} test="key-name" required onInput={(event) => setName(event.currentTarget.value)} error={tried && name.trim() === '' ? td('key.name_hint') : null} />
      <fieldset class="dev-choices">
        <legend>{td('key.scopes')}</legend>
        {SCOPES.map((scope) => (
          <label key={scope} class="choice">
            <input type="checkbox" checked={scopes.has(scope)} data-test={`scope-${scope}`} onChange={() => toggle(scope)} />
            <span>{td(`scope.${scope}`)} <span class="xs faint mono">{scope}</span></span>
          </label>
        ))}
        {tried && missing ? <p class="wrong s" role="alert">{td('key.needs_scope')}</p> : null}
      </fieldset>
    </Dialog>
  );
}
