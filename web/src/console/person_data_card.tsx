/** On a case's page: what is kept about the buyer, gathered for them on request. */
import { useEffect, useState } from 'preact/hooks';
import { megabytes } from '../base/megabytes';
import { orderExport, percentOf, watchExports, type PersonExport } from '../base/person_export';
import { endedLogin, failureWords } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Icon, toast } from '../base/ui';
import { t } from './text';

export function PersonDataCard({ caseId }: { caseId: string }) {
  const [exports, setExports] = useState<readonly PersonExport[] | null>(null);
  const [orders, setOrders] = useState(0);
  const [busy, setBusy] = useState(false);
  const path = `/api/v1/cases/${encodeURIComponent(caseId)}/person-exports`;
  // Whoever may not order it sees no card; a passing failure leaves what is shown.
  useEffect(() => watchExports(path, setExports, (error) => void endedLogin(error)), [path, orders]);
  if (exports === null) return null;
  const order = async (): Promise<void> => {
    setBusy(true);
    try {
      await orderExport(path);
    } catch (error) {
      if (!endedLogin(error)) toast(t('data.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
      setOrders((count) => count + 1);
    }
  };
  return (
    <section class="card stack" data-test="person-data-card" aria-labelledby="person-data-title">
      <h2 id="person-data-title">{t('data.title')}</h2>
      <p class="s quiet">{t('data.about')}</p>
      {exports[0]?.state === 'wanted' ? null : <Button icon="user" busy={busy} test="order-data" onClick={() => void order()}>{t('data.order')}</Button>}
      <ul class="plain-list stack" aria-live="polite">
        {exports.map((one) => <li key={one.id} data-test="person-export" data-state={one.state}><ExportRow one={one} /></li>)}
      </ul>
    </section>
  );
}

function ExportRow({ one }: { one: PersonExport }) {
  const date = dateAndTime(one.created_at);
  if (one.state === 'failed') return <p class="s">{t('data.not_made', { date })}</p>;
  if (one.state === 'wanted') {
    const percent = percentOf(one);
    return <p class="s">{t('data.making', { date, percent })} <progress max={100} value={percent} aria-label={t('data.title')} /></p>;
  }
  return (
    <>
      <a class="button" href={`/api/v1/person-exports/${encodeURIComponent(one.id)}/file`} download data-test="fetch-data">
        <Icon name="user" />{t('data.fetch', { date, size: megabytes(one.size) })}
      </a>
      <p class="xs faint cut-off mono" title={one.sha256 ?? ''}>SHA-256 {one.sha256}</p>
    </>
  );
}
