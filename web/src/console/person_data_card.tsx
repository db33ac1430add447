/** What is kept about a person, gathered on request: a case's buyer, or somebody who works here. */
import { useEffect, useState } from 'preact/hooks';
import { megabytes } from '../base/megabytes';
import { orderExport, percentOf, watchExports, type PersonExport } from '../base/person_export';
import { endedLogin, failureWords } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Icon, toast } from '../base/ui';
import { t } from './text';

export function PersonDataCard({ caseId }: { caseId: string }) {
  return <DataCard path={`/api/v1/cases/${encodeURIComponent(caseId)}/person-exports`} title={t('data.title')} about={t('data.about')} orderWords={t('data.order')} />;
}

/** For the person themselves (`mine`), or for an admin of their organisation. */
export function StaffDataCard({ staffId, mine }: { staffId: string; mine: boolean }) {
  return (
    <DataCard
      path={`/api/v1/people/${encodeURIComponent(staffId)}/person-exports`}
      title={t(mine ? 'data.mine_title' : 'data.staff_title')}
      about={t(mine ? 'data.mine_about' : 'data.staff_about')}
      orderWords={t(mine ? 'data.mine_order' : 'data.staff_order')}
    />
  );
}

function DataCard({ path, title, about, orderWords }: { path: string; title: string; about: string; orderWords: string }) {
  const [exports, setExports] = useState<readonly PersonExport[] | null>(null);
  const [orders, setOrders] = useState(0);
  const [busy, setBusy] = useState(false);
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
    <section class="card stack" data-test="person-data-card" aria-label={title}>
      <h2>{title}</h2>
      <p class="s quiet">{about}</p>
      {exports[0]?.state === 'wanted' ? null : <Button icon="user" busy={busy} test="order-data" onClick={() => void order()}>{orderWords}</Button>}
      <ul class="plain-list stack" aria-live="polite">
        {exports.map((one) => <li key={one.id} data-test="person-export" data-state={one.state}><ExportRow one={one} /></li>)}
      </ul>
    </section>
  );
}

function ExportRow({ one }: { one: PersonExport }) {
  const date = dateAndTime(one.created_at);
  if (one.state === 'failed') return <p class="s">{t('data.not_made', { date })}</p>;
  if (one.state === 'expired') return <p class="s quiet">{t('data.expired', { date })}</p>;
  if (one.state === 'wanted') {
    const percent = percentOf(one);
    return <p class="s">{t('data.making', { date, percent })} <progress max={100} value={percent} aria-label={t('data.title')} /></p>;
  }
  return (
    <>
      <a class="button" href={`/api/v1/person-exports/${encodeURIComponent(one.id)}/file`} download data-test="fetch-data">
        <Icon name="user" />{t('data.fetch', { date, size: megabytes(one.size) })}
      </a>
      {one.expires_at ? <p class="xs quiet">{t('data.kept_until', { date: dateAndTime(one.expires_at) })}</p> : null}
      <p class="xs faint cut-off mono" title={one.sha256 ?? ''}>SHA-256 {one.sha256}</p>
    </>
  );
}
