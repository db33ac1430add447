/** Where the evidence of a case is kept, who keeps it from being deleted, and whether the place refuses. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import { endedLogin } from '../base/sign_in';
import { Icon } from '../base/ui';
import { t } from './text';

interface EvidencePlace {
  readonly place: string;
  readonly label: string | null;
  readonly region: string | null;
  readonly versions: boolean | null;
  readonly lock: 'store' | 'application' | null;
  readonly lock_mode: 'governance' | 'compliance' | null;
  readonly fault: 'customer' | 'ours' | null;
  readonly reason: string | null;
  readonly waiting: readonly string[];
}

const REASONS = {
  credentials: 'kept.reason_credentials', denied: 'kept.reason_denied', no_bucket: 'kept.reason_no_bucket',
  region: 'kept.reason_region', lock: 'kept.reason_lock', quota: 'kept.reason_quota',
} as const;

/** `sessions` is how many inspections the case has: with another one there may be another place. */
export function EvidencePlaces({ caseId, sessions }: { caseId: string; sessions: number }) {
  const [places, setPlaces] = useState<readonly EvidencePlace[]>([]);
  useEffect(() => {
    let wanted = sessions > 0;
    if (wanted) {
      get<{ items: EvidencePlace[] }>(`/api/v1/cases/${encodeURIComponent(caseId)}/evidence-places`).then(
        ({ items }) => { if (wanted) setPlaces(items); },
        // Whoever may not review sees none; a passing failure says nothing about the evidence.
        (error: unknown) => { endedLogin(error); },
      );
    }
    return () => { wanted = false; };
  }, [caseId, sessions]);
  return <>{places.map((one) => <Place key={one.place} one={one} />)}</>;
}

function Place({ one }: { one: EvidencePlace }) {
  const name = one.label ?? (one.place === 'default' ? t('kept.default') : one.place);
  const lock = one.lock === null ? 'kept.unknown' : one.lock === 'application' ? 'kept.application' : one.lock_mode === 'compliance' ? 'kept.compliance' : 'kept.governance';
  const reason = one.reason !== null && one.reason in REASONS ? REASONS[one.reason as keyof typeof REASONS] : 'kept.reason_denied';
  return (
    <div class="stack" data-test="evidence-place" data-place={one.place} data-fault={one.fault ?? ''}>
      <p class="s"><Icon name="shield" /> {t('kept.where', { place: one.region === null ? name : `${name} (${one.region})` })}</p>
      {one.fault !== null
        ? <p class="s" role="status">{one.fault === 'customer' ? t('kept.customer', { reason: t(reason) }) : t('kept.ours')}{one.waiting.length > 0 ? ` ${t('kept.waiting')}` : ''}</p>
        : null}
      <p class="xs faint">{t(lock)}{one.versions === false ? ` ${t('kept.no_versions')}` : ''}</p>
    </div>
  );
}
