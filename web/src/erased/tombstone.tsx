/** What is left of an erased case: who had it erased, when and why, what that took away, and the seals that stay. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get } from '../base/api';
import type { Timestamp } from '../base/protocol/words';
import { endedLogin, failureWords } from '../base/sign_in';
import { addText, locale } from '../base/text';
import { dateAndTime } from '../base/time';
import { Button, Icon, Skeleton } from '../base/ui';
import { erasedWords, tx } from './text';
import './erased.css';

const LOOK_AGAIN_MS = 3000;
const COUNTED = ['sessions', 'recordings', 'stills', 'attachments', 'labels', 'packages', 'copies', 'log_entries', 'mails', 'objects'] as const;

interface Erased {
  readonly case_id: string;
  readonly order_number: string;
  readonly state: 'ordered' | 'unreadable' | 'done';
  readonly cause: 'request' | 'retention';
  readonly reason: string;
  /** Where a rule had it erased: for how long it kept the case. */
  readonly kept_days: number | null;
  readonly ordered_at: Timestamp;
  readonly ordered_by: string;
  readonly unreadable_at: Timestamp | null;
  readonly done_at: Timestamp | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly manifests: readonly { readonly session_id: string; readonly number: number; readonly manifest_sha256: string }[];
  readonly objects_left: number;
  readonly left_why: string | null;
}

/** The case that a refusal says was erased; null for every other failure. */
export function erasedCaseOf(error: unknown, known: string | null): string | null {
  if (!(error instanceof ApiError) || error.code !== 'erased') return null;
  return known ?? (error.problem as unknown as { case_id?: string } | null)?.case_id ?? null;
}

export function Tombstone({ caseId }: { caseId: string }) {
  const [stone, setStone] = useState<Erased | null>(null);
  const [worded, setWorded] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    Promise.all([get<Erased>(`/api/v1/cases/${encodeURIComponent(caseId)}/erasure`, { signal: left.signal }), addText(erasedWords)]).then(
      ([found]) => {
        if (left.signal.aborted) return;
        setStone(found);
        setWorded(true);
        setFailure(null);
        if (found.state !== 'done' && found.left_why === null) timer = setTimeout(() => setRound((now) => now + 1), LOOK_AGAIN_MS);
      },
      (error: unknown) => { if (!left.signal.aborted && !endedLogin(error)) setFailure(error); },
    );
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [caseId, round]);
  if (stone === null || !worded) {
    if (failure === null) return <div class="erased stack" aria-busy="true"><Skeleton height={120} /><Skeleton height={160} /></div>;
    return (
      <div class="notice bad" data-test="tombstone-failed">
        <Icon name="warning" />
        <h1>{failureWords(failure)}</h1>
        <Button variant="primary" onClick={() => setRound(round + 1)}>{tx('base.try_again')}</Button>
      </div>
    );
  }
  return (
    <article class="erased" data-test="tombstone" data-state={stone.state}>
      <header>
        <Icon name="archive" />
        <h1>{tx('erased.title')}</h1>
        <p class="quiet num"><bdi>{tx('erased.order', { number: stone.order_number })}</bdi></p>
      </header>
      <section class="card stack" data-test="erased-why">
        <p><strong>{stone.cause === 'retention' ? tx('erased.by_rule', { when: dateAndTime(stone.ordered_at) }) : tx('erased.by', { when: dateAndTime(stone.ordered_at), name: stone.ordered_by })}</strong></p>
        <p class="s"><span class="quiet">{tx('erased.because')}:</span> <bdi dir="auto">{stone.kept_days === null ? stone.reason : tx('erased.kept_days', { count: stone.kept_days })}</bdi></p>
        <p class="s quiet">{stone.unreadable_at === null ? tx('erased.under_way') : tx('erased.unreadable', { when: dateAndTime(stone.unreadable_at) })}</p>
      </section>
      {stone.unreadable_at === null ? null : <><Taken stone={stone} /><Stays stone={stone} /></>}
    </article>
  );
}

function Taken({ stone }: { stone: Erased }) {
  const bytes = stone.counts.media_bytes ?? 0;
  const lines = COUNTED.map((kind) => [kind, stone.counts[kind] ?? 0] as const).filter(([, count]) => count > 0);
  return (
    <section class="card stack" data-test="erased-taken" aria-labelledby="erased-taken">
      <h2 id="erased-taken">{tx('erased.taken')}</h2>
      {lines.length === 0 ? <p class="s quiet">{tx('erased.taken_none')}</p> : (
        <ul class="erased-counts s">
          {lines.map(([kind, count]) => <li key={kind} data-test={`erased-${kind}`}>{tx(`erased.count.${kind}`, { count })}</li>)}
          {bytes > 0 ? <li>{tx('erased.media', { size: sizeWords(bytes) })}</li> : null}
        </ul>
      )}
      {stone.objects_left > 0 ? <p class="s erased-left" data-test="erased-left"><Icon name="lock" /><span>{tx(stone.left_why === null ? 'erased.deleting' : 'erased.retained', { count: stone.objects_left })}</span></p> : null}
      {stone.done_at !== null ? <p class="s quiet" data-test="erased-done">{tx('erased.done', { when: dateAndTime(stone.done_at) })}</p> : null}
    </section>
  );
}

function Stays({ stone }: { stone: Erased }) {
  return (
    <section class="card stack" data-test="erased-stays" aria-labelledby="erased-stays">
      <h2 id="erased-stays">{tx('erased.stays')}</h2>
      {stone.manifests.length === 0 ? <p class="s quiet">{tx('erased.stays_none')}</p> : (
        <>
          <p class="s quiet">{tx('erased.stays_words')}</p>
          <ul class="erased-seals">
            {stone.manifests.map((one) => (
              <li key={`${one.session_id}-${one.number}`}>
                <span class="xs quiet"><bdi>{tx('erased.manifest', { number: one.number, session: one.session_id })}</bdi></span>
                <bdi class="mono xs" dir="ltr" data-test="erased-seal">SHA-256 {one.manifest_sha256}</bdi>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function sizeWords(bytes: number): string {
  return new Intl.NumberFormat(locale.value, { style: 'unit', unit: 'megabyte', maximumSignificantDigits: 2 }).format(bytes / 1_000_000);
}
