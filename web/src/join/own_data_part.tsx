/** What is kept about the buyer, for the buyer: ordered here, and saved here. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError } from '../base/api';
import { megabytes } from '../base/megabytes';
import { orderExport, percentOf, watchExports, type PersonExport } from '../base/person_export';
import { dateAndTime } from '../base/time';
import { Button, Card, Icon } from '../base/ui';
import { d } from './own_data_words';
import type { Visit } from './visit';

export function OwnDataPart({ visit }: { visit: Visit }) {
  const exports = useSignal<readonly PersonExport[] | null>(null);
  const orders = useSignal(0);
  const busy = useSignal(false);
  const trouble = useSignal<'failed' | 'enough' | null>(null);
  const path = `${visit.path}/person-exports`;
  // Whoever is not the buyer's own browser sees nothing of this.
  useEffect(() => watchExports(path, (found) => (exports.value = found), () => undefined), [path, orders.value]);
  const newest = exports.value?.[0];
  if (exports.value === null) return null;
  const order = async (): Promise<void> => {
    busy.value = true;
    trouble.value = null;
    try {
      await orderExport(path);
    } catch (error) {
      trouble.value = error instanceof ApiError && error.code === 'too_many_exports' ? 'enough' : 'failed';
    }
    busy.value = false;
    orders.value += 1;
  };
  const percent = newest ? percentOf(newest) : 0;
  return (
    <Card class="stack">
      <h2>{d('data.title')}</h2>
      <p class="s">{d('data.words')}</p>
      <div class="stack" aria-live="polite" data-test="own-data" data-state={newest?.state ?? 'none'}>
        {newest?.state === 'wanted' ? <p class="s">{d('data.making', { percent })} <progress max={100} value={percent} aria-label={d('data.title')} /></p> : null}
        {newest?.state === 'ready' ? (
          <a class="button wide" href={`${path}/${encodeURIComponent(newest.id)}/file`} download data-test="fetch-data">
            <Icon name="lock" />{d('data.fetch', { size: megabytes(newest.size), date: dateAndTime(newest.created_at) })}
          </a>
        ) : null}
        {newest?.state === 'ready' && newest.expires_at ? <p class="xs quiet">{d('data.kept_until', { date: dateAndTime(newest.expires_at) })}</p> : null}
        {newest?.state === 'expired' ? <p class="s">{d('data.expired', { date: dateAndTime(newest.created_at) })}</p> : null}
        {newest?.state === 'failed' || trouble.value === 'failed' ? <p role="alert">{d('data.failed')}</p> : null}
        {trouble.value === 'enough' ? <p role="alert">{d('data.enough')}</p> : null}
      </div>
      {newest?.state === 'wanted' ? null : <Button wide busy={busy.value} test="order-data" onClick={() => void order()}>{d('data.order')}</Button>}
    </Card>
  );
}
