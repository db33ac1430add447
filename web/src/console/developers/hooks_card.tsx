/** The webhook endpoints: which there are and how they do, and a new one. */
import { useState } from 'preact/hooks';
import { post } from '../../base/api';
import { ago } from '../../base/time';
import { Button, Chip, Dialog, Skeleton } from '../../base/ui';
import { addressOf, follow, go } from '../route';
import { useLoaded } from '../asking';
import { EndpointForm } from './endpoint_form';
import { SecretOnce } from './secret_once';
import type { Endpoint, EndpointSecret, Page } from './shapes';
import { td } from './text';

export function HooksCard() {
  const { value, failure, reload } = useLoaded<Page<Endpoint>>('/api/v1/webhooks?limit=100');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<EndpointSecret | null>(null);
  return (
    <section class="card stack" aria-labelledby="hooks-title" data-test="hooks">
      <div class="row between wrap">
        <h2 id="hooks-title">{td('hook.title')}</h2>
        <Button variant="primary" size="small" icon="plus" test="new-hook" onClick={() => setMaking(true)}>{td('hook.new')}</Button>
      </div>
      {failure !== null ? <p class="s wrong" role="alert">{td('dev.failed', { reason: failure })}</p> : null}
      {value === null ? (failure === null ? <Skeleton height={72} /> : null) : value.items.length === 0 ? <p class="s quiet">{td('hook.none')}</p> : (
        <ul class="dev-list">
          {value.items.map((endpoint) => (
            <li key={endpoint.id} data-test="hook">
              <a class="grow stack tight dev-open" href={addressOf({ part: 'developers', item: endpoint.id })} onClick={follow({ part: 'developers', item: endpoint.id })} data-test="open-hook">
                <span class="row wrap dev-chips"><strong>{endpoint.name}</strong><StateChip endpoint={endpoint} /></span>
                <span class="s mono dev-url">{endpoint.url}</span>
                <span class="xs faint">{endpoint.kinds.length === 0 ? td('hook.all') : td('hook.kind_count', { count: endpoint.kinds.length })}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {making ? (
        <Dialog title={td('hook.new')} onClose={() => setMaking(false)} sheet test="new-hook-form">
          <EndpointForm
            begins={null} label={td('hook.make')} onCancel={() => setMaking(false)}
            submit={async (draft) => { setMade(await post<EndpointSecret>('/api/v1/webhooks', draft)); setMaking(false); reload(); }}
          />
        </Dialog>
      ) : null}
      {made !== null ? <SecretOnce title={td('hook.secret')} words={td('hook.secret_words')} secret={made.secret} onDone={() => { setMade(null); go({ part: 'developers', item: made.endpoint.id }); }} /> : null}
    </section>
  );
}

export function StateChip({ endpoint }: { endpoint: Endpoint }) {
  if (!endpoint.enabled) return <Chip tone={endpoint.disabled_note === 'by_hand' ? 'plain' : 'live'} test="hook-state">{td('hook.off')}</Chip>;
  if (endpoint.failing_since !== null) return <Chip tone="warn" test="hook-state">{td('hook.failing', { when: ago(endpoint.failing_since) })}</Chip>;
  return <Chip tone="proof" dot test="hook-state">{td('hook.on')}</Chip>;
}
