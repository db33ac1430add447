/** Loads one inspection, keeps it up to date while it arrives, and shows what there is. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { Timeline } from '../base/protocol/timeline';
import { endedLogin, failureWords } from '../base/sign_in';
import { Button, Icon, Skeleton } from '../base/ui';
import { erasedCaseOf, Tombstone } from '../erased/tombstone';
import { OfflineLine, StaffMenu } from '../staff/bar';
import { ItemCard, ClaimCard } from './case_panel';
import { Replay } from './replay';
import { addressOf, go, route } from './route';
import { t } from './text';

const REFRESH_MS = 4000;

type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'erased'; readonly caseId: string }
  | { readonly kind: 'no_session'; readonly view: CaseView }
  | { readonly kind: 'timeline'; readonly timeline: Timeline };

async function load(sessionId: string | null, caseId: string | null, signal: AbortSignal): Promise<Loaded> {
  let wanted = sessionId;
  if (wanted === null) {
    const view = await get<CaseView>(`/api/v1/cases/${encodeURIComponent(caseId ?? '')}`, { signal });
    const newest = [...view.sessions].sort((a, b) => b.created_at.localeCompare(a.created_at));
    wanted = (newest.find((session) => session.recorded) ?? newest[0])?.id ?? null;
    if (wanted === null) return { kind: 'no_session', view };
  }
  const timeline = await get<Timeline>(`/api/v1/sessions/${encodeURIComponent(wanted)}/timeline`, { signal, timeoutMs: 20_000 });
  return { kind: 'timeline', timeline };
}

export function Inspection({ sessionId, caseId }: { sessionId: string | null; caseId: string | null }) {
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const asked = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      let again = true;
      try {
        const next = await load(sessionId, caseId, asked.signal);
        if (asked.signal.aborted) return;
        setLoaded(next);
        again = next.kind === 'timeline' && !next.timeline.complete;
      } catch (error) {
        if (asked.signal.aborted || endedLogin(error)) return;
        again = error instanceof ApiError && error.passing;
        const gone = erasedCaseOf(error, caseId);
        // What is shown stays unless it was erased; only a page without anything says that it failed.
        setLoaded((before) => (gone !== null ? { kind: 'erased', caseId: gone } : before.kind === 'timeline' ? before : { kind: 'failed', error }));
      }
      if (again) timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    void ask();
    return () => {
      asked.abort();
      clearTimeout(timer);
    };
  }, [sessionId, caseId, round]);

  if (loaded.kind === 'timeline') {
    return <Replay key={loaded.timeline.session_id} timeline={loaded.timeline} beginMs={route.peek().atMs} />;
  }
  return (
    <div class="finder">
      <header class="bar row between"><BackLink /><StaffMenu /></header>
      <OfflineLine />
      {loaded.kind === 'loading' ? (
        <main class="loading-replay" aria-busy="true" aria-label={t('review.loading')} data-test="replay-loading">
          <Skeleton height="46vh" /><Skeleton height="46vh" /><Skeleton height={120} />
        </main>
      ) : loaded.kind === 'erased' ? (
        <main class="finder-main"><Tombstone caseId={loaded.caseId} /></main>
      ) : loaded.kind === 'failed' ? (
        <main class="notice bad" data-test="replay-failed">
          <Icon name="warning" />
          <h1>{t('review.failed')}</h1>
          <p>{failureWords(loaded.error)}</p>
          <Button variant="primary" onClick={() => { setLoaded({ kind: 'loading' }); setRound(round + 1); }}>{t('base.try_again')}</Button>
        </main>
      ) : (
        <main class="finder-main" data-test="no-session">
          <div class="notice">
            <Icon name="video" />
            <h1>{t('review.no_session')}</h1>
            <p class="quiet">{t('review.no_session_hint')}</p>
          </div>
          <div class="card stack"><ClaimCard view={loaded.view} /><ItemCard view={loaded.view} /></div>
        </main>
      )}
    </div>
  );
}

export function BackLink() {
  return (
    <a
      class="button small plain" href={addressOf({})} data-test="back"
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        go({});
      }}
    >
      <Icon name="back" /><span class="wide-only">{t('review.back')}</span>
    </a>
  );
}
