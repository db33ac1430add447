/** The evidence of a case to take away: packages, made on demand, and the receipts of its inspections. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../base/api';
import { megabytes } from '../base/megabytes';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Icon, toast } from '../base/ui';
import { t } from './text';

interface EvidencePackage {
  id: string;
  /** Null of a whole case. */
  part: { from_ms: number; to_ms: number } | null;
  state: 'waiting' | 'wanted' | 'ready' | 'failed';
  done_bytes: number;
  total_bytes: number | null;
  size: number | null;
  sha256: string | null;
  failure: string | null;
  created_at: string;
}

const ASK_EVERY_MS = 1_500;

export function PackageCard({ view }: { view: CaseView }) {
  const [packages, setPackages] = useState<readonly EvidencePackage[] | null>(null);
  const [busy, setBusy] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}/evidence-packages`;
  const ended = view.sessions.filter((session) => session.state === 'ended');
  const load = async (): Promise<void> => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    try {
      const { items } = await get<{ items: EvidencePackage[] }>(path);
      setPackages(items);
      if (items.some((one) => one.state === 'waiting' || one.state === 'wanted')) timer.current = setTimeout(() => void load(), ASK_EVERY_MS);
    } catch (error) {
      // Whoever may not review sees no card; a passing failure leaves what is shown.
      endedLogin(error);
    }
  };
  useEffect(() => {
    if (ended.length > 0) void load();
    return () => { if (timer.current !== null) clearTimeout(timer.current); };
  }, [path, ended.length]);
  if (ended.length === 0 || packages === null) return null;
  const order = async (): Promise<void> => {
    setBusy(true);
    try {
      await post<EvidencePackage>(path);
      await load();
    } catch (error) {
      if (!endedLogin(error)) toast(t('evidence.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" data-test="evidence-card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{t('evidence.title')}</h2>
      <p class="s quiet">{t('evidence.about')}</p>
      <Button icon="shield" busy={busy} test="make-package" onClick={() => void order()}>{t('evidence.make')}</Button>
      <ul class="plain-list stack" aria-live="polite">
        {packages.map((one) => <li key={one.id} data-test="package" data-state={one.state}><PackageRow one={one} /></li>)}
      </ul>
      {ended.map((session) => (
        <a key={session.id} class="s" href={`/api/v1/sessions/${encodeURIComponent(session.id)}/receipt`} download data-test="receipt">
          <Icon name="shield" /> {t('evidence.receipt', { date: dateAndTime(session.ended_at ?? session.created_at) })}
        </a>
      ))}
    </section>
  );
}

function PackageRow({ one }: { one: EvidencePackage }) {
  const date = dateAndTime(one.created_at);
  if (one.state === 'failed') return <p class="s">{t(one.failure === 'nothing_sealed' ? 'evidence.nothing_sealed' : one.failure === 'erased' ? 'evidence.erased' : one.failure === 'bucket_refused' ? 'evidence.bucket_refused' : 'evidence.not_made', { date })}</p>;
  if (one.state === 'waiting') return <p class="s">{t('evidence.waiting', { date })}</p>;
  if (one.state === 'wanted') {
    const percent = Math.round((100 * one.done_bytes) / Math.max(one.total_bytes ?? 0, 1));
    return <p class="s">{t('evidence.making', { date, percent })} <progress max={100} value={percent} aria-label={t('evidence.title')} /></p>;
  }
  return (
    <>
      <a class="button" href={`/api/v1/evidence-packages/${encodeURIComponent(one.id)}/file`} download data-test="fetch-package">
        <Icon name="shield" />{t(one.part === null ? 'evidence.fetch' : 'evidence.fetch_part', { date, size: megabytes(one.size) })}
      </a>
      <p class="xs faint cut-off mono" title={one.sha256 ?? ''}>SHA-256 {one.sha256}</p>
    </>
  );
}
