/** On a case's page: who looked at its evidence, replayed, downloaded or passed it on. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin } from '../base/sign_in';
import { addText } from '../base/text';
import { clockLength, dateAndTime } from '../base/time';
import { Button, Skeleton } from '../base/ui';
import { evidenceWords, te } from './text';

interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

interface AccessEntry {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly name: string;
  readonly organisation: string | null;
  readonly what: string;
  readonly spans: readonly Span[];
}

interface AccessPage {
  readonly items: readonly AccessEntry[];
  readonly next_cursor: number | null;
}

const WHATS = ['case', 'thread', 'timeline', 'recording', 'session', 'still', 'call', 'attachment', 'label', 'package', 'copy', 'receipt', 'share', 'export'] as const;
const DEEDS = ['looked', 'downloaded', 'ordered', 'shared', 'share_ended', 'erasure_asked'] as const;
const SHOWN = 20;
/** A page's clock begins a little before or after the server's word of when the session did. */
const MARGIN_MS = 60_000;

function whatWords(what: string): string {
  const known = WHATS.find((one) => one === what);
  return known ? te(`access.thing.${known}`) : what;
}

/** Moments after the start of the inspection that they lie in. */
function spanWords(view: CaseView, spans: readonly Span[]): string {
  return spans
    .map((span) => {
      const starts = view.sessions.map((session) => Date.parse(session.created_at)).filter((ms) => ms <= span.from_ms + MARGIN_MS);
      const start = Math.max(...starts, 0);
      const [from, to] = [clockLength(span.from_ms - start), clockLength(span.to_ms - start)];
      return from === to ? from : `${from}–${to}`;
    })
    .join(', ');
}

function deedWords(view: CaseView, entry: AccessEntry): string {
  const what = whatWords(entry.what);
  if (entry.kind === 'replayed') return te('access.replayed', { spans: spanWords(view, entry.spans) });
  if (entry.kind === 'served') return te('access.served', { spans: spanWords(view, entry.spans) });
  const known = DEEDS.find((one) => one === entry.kind);
  return known ? te(`access.deed.${known}`, { what }) : `${entry.kind}: ${what}`;
}

function whoWords(entry: AccessEntry): string {
  const role = entry.actor.split(':')[0] ?? '';
  const name = entry.name === '' ? (role === 'buyer' ? te('access.buyer') : role === 'observer' ? te('access.observer') : entry.actor) : entry.name;
  if (role === 'share') return te('access.by_share', { name });
  return entry.organisation ? `${name}, ${entry.organisation}` : name;
}

export function AccessCard({ view }: { view: CaseView }) {
  const [ready, setReady] = useState(false);
  const [page, setPage] = useState<AccessPage | null>(null);
  const [failed, setFailed] = useState(false);
  const load = async (before: number | null): Promise<void> => {
    try {
      const query = `limit=${SHOWN}${before === null ? '' : `&cursor=${before}`}`;
      const next = await get<AccessPage>(`/api/v1/cases/${encodeURIComponent(view.id)}/access?${query}`);
      setPage((shown) => (before === null || shown === null ? next : { ...next, items: [...shown.items, ...next.items] }));
      setFailed(false);
    } catch (error) {
      if (!endedLogin(error)) setFailed(true);
    }
  };
  useEffect(() => { void addText(evidenceWords).then(() => setReady(true)); }, []);
  useEffect(() => { void load(null); }, [view.id]);
  if (!ready) return null;
  return (
    <section class="card stack" data-test="access-card" aria-labelledby="access-title">
      <div class="row between"><h2 id="access-title">{te('access.title')}</h2><Button size="small" test="access-again" onClick={() => void load(null)}>{te('access.again')}</Button></div>
      <p class="s quiet">{te('access.about')}</p>
      {failed ? <p class="s quiet" role="alert">{te('access.failed')}</p> : null}
      {page === null ? (failed ? null : <Skeleton height={80} />) : page.items.length === 0 ? <p class="s quiet">{te('access.none')}</p> : (
        <ol class="case-log">
          {page.items.map((entry) => (
            <li key={entry.seq} data-test="access-entry" data-kind={entry.kind}>
              <span>{te('access.by', { deed: deedWords(view, entry), name: whoWords(entry) })}</span>
              <time class="xs faint num" datetime={entry.at}>{dateAndTime(entry.at)}</time>
            </li>
          ))}
        </ol>
      )}
      {page !== null && page.next_cursor !== null ? <Button size="small" test="access-more" onClick={() => void load(page.next_cursor)}>{te('access.more')}</Button> : null}
    </section>
  );
}
