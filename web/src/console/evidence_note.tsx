/** What somebody should know of the evidence: it waits for the store, or does not match. Goes away by itself. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import { endedLogin } from '../base/sign_in';
import { locale } from '../base/text';
import { dateAndTime } from '../base/time';
import { Icon } from '../base/ui';
import { addressOf, follow } from './route';
import { t } from './text';

const KINDS = {
  not_closed: 'trouble.not_closed', not_sealed: 'trouble.not_sealed', ledger: 'trouble.ledger', seal: 'trouble.seal',
  missing: 'trouble.missing', size: 'trouble.size', digest: 'trouble.digest',
} as const;

interface EvidenceNotes {
  readonly waiting: { readonly since: string; readonly sessions: number; readonly bytes: number; readonly fault: 'ours' | 'customer' } | null;
  readonly mismatches: readonly { readonly case_id: string; readonly session_id: string; readonly mismatches: number; readonly kinds: readonly (keyof typeof KINDS)[] }[];
}

const ASK_EVERY_MS = 20_000;

/** Of one case, or (for the seller's admins) of all. */
export function EvidenceNote({ caseId }: { caseId: string | null }) {
  const [notes, setNotes] = useState<EvidenceNotes | null>(null);
  const path = caseId === null ? '/api/v1/evidence-notes' : `/api/v1/cases/${encodeURIComponent(caseId)}/evidence-notes`;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    const ask = async (): Promise<void> => {
      try {
        const found = await get<EvidenceNotes>(path);
        if (wanted) setNotes(found);
      } catch (error) {
        // Whoever may not look at evidence is told nothing; a passing failure leaves what is shown.
        endedLogin(error);
      }
      if (wanted) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => { wanted = false; clearTimeout(timer); };
  }, [path]);
  if (notes === null || (notes.waiting === null && notes.mismatches.length === 0)) return null;
  const { waiting, mismatches } = notes;
  return (
    <div class="evidence-note" role="status" data-test="evidence-note">
      {waiting === null ? null : (
        <p class="s" data-test="evidence-waits">
          <Icon name="clock" />
          <span>{t('trouble.waits', { count: waiting.sessions, when: dateAndTime(waiting.since), size: megabytes(waiting.bytes) })}{' '}{t(waiting.fault === 'customer' ? 'trouble.yours' : 'trouble.ours')}</span>
        </p>
      )}
      {mismatches.map((one) => (
        <p class="s" key={one.session_id} data-test="evidence-mismatch">
          <Icon name="flag" />
          <span>
            {t('trouble.mismatch', { count: one.mismatches, kinds: one.kinds.map((kind) => t(KINDS[kind])).join(' · ') })}
            {caseId === null ? <> <a href={addressOf({ caseId: one.case_id })} onClick={follow({ caseId: one.case_id })}>{t('trouble.open')}</a></> : null}
          </span>
        </p>
      ))}
    </div>
  );
}

function megabytes(bytes: number): string {
  return new Intl.NumberFormat(locale.value, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 }).format(bytes / 1e6);
}
