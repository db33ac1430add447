/** The inspections of a case: when, how long, where to look at them, and the photographs taken in them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../base/api';
import type { CaseSession, CaseView } from '../base/protocol/case';
import { endedLogin } from '../base/sign_in';
import { clockLength, dateAndTime } from '../base/time';
import { Chip, Skeleton } from '../base/ui';
import { EvidenceNote } from './evidence_note';
import { EvidencePlaces } from './evidence_places';
import { useShortcuts } from './shortcuts';
import { t } from './text';

const WORDS = { waiting: 'session.state_waiting', held: 'session.state_held', live: 'session.state_live', ended: 'session.state_ended' } as const;

export function EvidenceCard({ view }: { view: CaseView }) {
  const title = useRef<HTMLHeadingElement>(null);
  useShortcuts([{ keys: 'e', words: () => t('keys.evidence'), run: () => { title.current?.scrollIntoView({ block: 'start' }); title.current?.focus({ preventScroll: true }); } }]);
  return (
    <section class="card stack" data-test="sessions" aria-labelledby="sessions-title">
      <h2 id="sessions-title" ref={title} tabIndex={-1}>{t('case.sessions')}</h2>
      {view.sessions.length === 0 ? null : <EvidenceNote caseId={view.id} />}
      {view.sessions.length === 0 ? <p class="s quiet">{t('session.none')}</p> : null}
      {view.sessions.map((session) => <SessionRow key={session.id} session={session} />)}
      <EvidencePlaces caseId={view.id} sessions={view.sessions.length} />
    </section>
  );
}

function SessionRow({ session }: { session: CaseSession }) {
  const [open, setOpen] = useState(false);
  const began = session.live_at ?? session.created_at;
  const tone = session.state === 'live' ? 'live' : session.state === 'ended' ? 'plain' : 'warn';
  return (
    <div class="session-row" data-test={`session-${session.id}`}>
      <div class="row between wrap">
        <span class="row wrap">
          <time class="num" datetime={began}>{dateAndTime(began)}</time>
          <Chip tone={tone} dot={session.state === 'live'}>{t(WORDS[session.state])}</Chip>
          {session.duration_s !== null ? <span class="s quiet num">{t('session.length', { length: clockLength(session.duration_s * 1000) })}</span> : null}
        </span>
        {session.recorded
          ? <a href={`/review?session=${encodeURIComponent(session.id)}`} data-test={`review-${session.id}`}>{t(session.state === 'ended' ? 'session.review' : 'session.watch')}</a>
          : <span class="s faint">{t('session.unrecorded')}</span>}
      </div>
      {/* Looking at evidence is noted in the access log: only who asks for it looks. */}
      {session.recorded ? (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary data-test="show-stills">{t('session.stills')}</summary>
          {open ? <Stills sessionId={session.id} /> : null}
        </details>
      ) : null}
    </div>
  );
}

interface Still {
  readonly still_id: string;
  readonly image: string | null;
  readonly preview: string;
}

function Stills({ sessionId }: { sessionId: string }) {
  const [stills, setStills] = useState<readonly Still[] | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    get<{ stills: Still[] }>(`/api/v1/sessions/${encodeURIComponent(sessionId)}/timeline`).then(
      (timeline) => { if (wanted) setStills(timeline.stills); },
      (error: unknown) => { if (wanted && !endedLogin(error)) setFailed(true); },
    );
    return () => { wanted = false; };
  }, [sessionId]);
  if (failed) return <p class="s quiet" role="alert">{t('session.stills_failed')}</p>;
  if (stills === null) return <Skeleton height={80} />;
  if (stills.length === 0) return <p class="s quiet">{t('session.stills_none')}</p>;
  return (
    <ul class="attached" data-test="stills">
      {stills.map((one, i) => (
        <li key={one.still_id}>
          <a href={one.image ?? one.preview} target="_blank" rel="noreferrer"><img src={one.image ?? one.preview} alt={t('session.still', { number: i + 1 })} loading="lazy" /></a>
        </li>
      ))}
    </ul>
  );
}
