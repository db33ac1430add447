/** One webhook endpoint: its state, its settings, its secret, and what was sent to it. */
import { useState } from 'preact/hooks';
import { call, post, put } from '../../base/api';
import { dateAndTime } from '../../base/time';
import { Button, Dialog, Icon, Skeleton, Switch, toast } from '../../base/ui';
import { addressOf, follow, go } from '../route';
import { useAct, useLoaded } from '../asking';
import { EndpointForm, type EndpointDraft } from './endpoint_form';
import { StateChip } from './hooks_card';
import { SecretOnce } from './secret_once';
import { SentCard } from './sent_card';
import type { Endpoint, EndpointSecret } from './shapes';
import { td } from './text';

export function HookPage({ id }: { id: string }) {
  const path = `/api/v1/webhooks/${encodeURIComponent(id)}`;
  const { value, failure, reload } = useLoaded<Endpoint>(path);
  const [asked, setAsked] = useState<'rotate' | 'delete' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [sent, setSent] = useState(0);
  const [busy, act] = useAct();
  const save = ({ name, url, kinds }: EndpointDraft, enabled: boolean) =>
    put<Endpoint>(path, { name, url, kinds, enabled }).then(() => { toast(td('hook.saved')); reload(); });
  const yes = () => act(async () => {
    if (asked === 'rotate') {
      setSecret((await post<EndpointSecret>(`${path}/secret`)).secret);
      setAsked(null);
      reload();
    } else {
      await call<undefined>('DELETE', path);
      toast(td('hook.deleted'));
      go({ part: 'developers' });
    }
  });
  const test = () => act(async () => {
    await post(`${path}/test`);
    toast(td('hook.test_sent'));
    setSent((now) => now + 1);
  });
  return (
    <main class="page dev" data-test="hook-page">
      <a class="button plain back-link dev-back" href={addressOf({ part: 'developers' })} onClick={follow({ part: 'developers' })}><Icon name="back" />{td('hook.back')}</a>
      {failure !== null && value === null ? <p class="wrong" role="alert">{td('dev.failed', { reason: failure })}</p> : null}
      {value === null ? (failure === null ? <Skeleton height={220} /> : null) : (
        <>
          <header class="row between wrap">
            <div class="stack tight grow"><h1>{value.name}</h1><span class="s mono dev-url quiet">{value.url}</span></div>
            <StateChip endpoint={value} />
          </header>
          {value.disabled_note !== null ? <p class="dev-note" role="status" data-test="hook-note">{td(`hook.off_${value.disabled_note}`)}</p> : null}
          {value.old_secret_until !== null && Date.parse(value.old_secret_until) > Date.now() ? <p class="s quiet">{td('hook.old_secret', { when: dateAndTime(value.old_secret_until) })}</p> : null}
          <div class="row wrap">
            <Switch label={td('hook.switch')} on={value.enabled} test="hook-switch" disabled={busy} onToggle={(on) => void act(() => save(value, on))} />
            <Button icon="send" size="small" busy={busy} disabled={!value.enabled} test="hook-test" onClick={() => void test()}>{td('hook.test')}</Button>
            <Button icon="lock" size="small" test="hook-rotate" onClick={() => setAsked('rotate')}>{td('hook.rotate')}</Button>
            <Button variant="danger-quiet" size="small" test="hook-delete" onClick={() => setAsked('delete')}>{td('hook.delete')}</Button>
          </div>
          <div class="dev-columns">
            <SentCard key={`${id}:${sent}`} path={path} enabled={value.enabled} />
            <section class="card stack" aria-labelledby="hook-settings">
              <h2 id="hook-settings">{td('hook.settings')}</h2>
              <EndpointForm key={value.id} begins={value} label={td('hook.save')} submit={(draft) => save(draft, value.enabled)} />
            </section>
          </div>
          {asked !== null ? (
            <Dialog
              title={asked === 'rotate' ? td('hook.rotate_question') : td('hook.delete_question', { name: value.name })} onClose={() => setAsked(null)} test="hook-question"
              actions={(
                <>
                  <Button onClick={() => setAsked(null)}>{td('base.cancel')}</Button>
                  <Button variant={asked === 'delete' ? 'danger' : 'primary'} busy={busy} test="hook-yes" onClick={() => void yes()}>{td(`hook.${asked}`)}</Button>
                </>
              )}
            >
              <p>{td(`hook.${asked}_words`)}</p>
            </Dialog>
          ) : null}
        </>
      )}
      {secret !== null ? <SecretOnce title={td('hook.secret')} words={td('hook.secret_words')} secret={secret} onDone={() => setSecret(null)} /> : null}
    </main>
  );
}
