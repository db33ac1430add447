/** What went out lately, or did not, and the buyers whom nothing reaches. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { ago, serverNowMs } from '../../base/time';
import { Button, Select, Skeleton } from '../../base/ui';
import { everyPage, useAct, useLoaded } from '../asking';
import { follow } from '../route';
import { NoticeRow } from './notice_row';
import { isMoving, KINDS, merged, type Notice, type NoticeKind, type NoticeState, type Unreached } from './shapes';
import { tn } from './text';

const STATES: readonly NoticeState[] = ['failed', 'suppressed', 'waiting', 'ordered', 'sent'];
const LOOK_AGAIN_MS = 4000;

interface Page {
  readonly items: readonly Notice[];
  readonly next_cursor: string | null;
}

export function LogCard({ onChanged }: { onChanged: () => void }) {
  const [state, setState] = useState<NoticeState | ''>('');
  const [kind, setKind] = useState<NoticeKind | ''>('');
  const [shown, setShown] = useState<readonly Notice[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [more, act] = useAct();
  const round = useRef(0);
  const query = `/api/v1/notices?limit=20${state ? `&state=${state}` : ''}${kind ? `&kind=${kind}` : ''}`;
  const load = async (over: boolean): Promise<void> => {
    const mine = (round.current += 1);
    try {
      const page = await get<Page>(query);
      if (mine !== round.current) return;
      setFailure(null);
      setShown((before) => (over && before ? merged(before, page.items) : page.items));
      if (!over) setCursor(page.next_cursor);
    } catch (error) {
      if (mine === round.current && !endedLogin(error)) setFailure(failureWords(error));
    }
  };
  useEffect(() => {
    setShown(null);
    void load(false);
    return () => { round.current += 1; };
  }, [query]);
  const moving = shown?.some((one) => isMoving(one, serverNowMs())) ?? false;
  useEffect(() => {
    if (!moving) return;
    const again = setInterval(() => { void load(true); onChanged(); }, LOOK_AGAIN_MS);
    return () => clearInterval(again);
  }, [moving, query]);
  const loadMore = (): void => void act(async () => {
    const page = await get<Page>(`${query}&cursor=${cursor ?? ''}`);
    setShown((before) => [...(before ?? []), ...page.items]);
    setCursor(page.next_cursor);
  });
  const filtered = state !== '' || kind !== '';
  return (
    <section class="card stack" data-test="notice-log" aria-labelledby="notice-log-title">
      <h2 id="notice-log-title">{tn('notice.log')}</h2>
      <div class="notice-filters">
        <Select<NoticeState | ''> label={tn('notice.filter_state')} test="filter-state" value={state} onPick={setState} options={[{ value: '', label: tn('notice.all') }, ...STATES.map((value) => ({ value, label: tn(`notice.state.${value}`) }))]} />
        <Select<NoticeKind | ''> label={tn('notice.filter_kind')} test="filter-kind" value={kind} onPick={setKind} options={[{ value: '', label: tn('notice.all') }, ...KINDS.map((value) => ({ value, label: tn(`notice.kind.${value}`) }))]} />
      </div>
      {failure ? <p role="alert">{tn('notice.failed', { reason: failure })} <Button size="small" onClick={() => void load(false)}>{tn('base.try_again')}</Button></p> : null}
      {shown === null ? (failure ? null : <Skeleton height={160} />) : shown.length === 0 ? <p class="s quiet">{tn(filtered ? 'notice.none_such' : 'notice.none')}</p> : (
        <ul class="notice-rows">
          {shown.map((one) => <NoticeRow key={one.id} notice={one} ofCase={false} mayAct onChanged={(now) => { setShown((before) => before?.map((row) => (row.id === now.id ? now : row)) ?? null); onChanged(); }} />)}
        </ul>
      )}
      {cursor !== null && shown !== null ? <div><Button busy={more} test="more-notices" onClick={loadMore}>{tn('notice.more')}</Button></div> : null}
    </section>
  );
}

/** `round` counts up when something changed that may have reached somebody. */
export function UnreachedCard({ round }: { round: number }) {
  const found = useLoaded('/api/v1/unreached-buyers', everyPage<{ items: readonly Unreached[]; next_cursor: string | null }>);
  useEffect(() => { if (round > 0) found.reload(); }, [round]);
  if (found.value === null) return found.failure ? <section class="card stack"><p role="alert">{tn('notice.failed', { reason: found.failure })} <Button size="small" onClick={found.reload}>{tn('base.try_again')}</Button></p></section> : null;
  const { items } = found.value;
  if (items.length === 0) return null;
  return (
    <section class="card stack notice-unreached" data-test="unreached" aria-labelledby="unreached-title">
      <h2 id="unreached-title">{tn('notice.unreached', { count: items.length })}</h2>
      <p class="s quiet">{tn('notice.unreached_words')}</p>
      <ul class="notice-rows">
        {items.map((one) => (
          <li key={one.case_id} class="notice-row" data-test="unreached-row">
            <div class="notice-words">
              <a href={`/console?case=${encodeURIComponent(one.case_id)}`} onClick={follow({ caseId: one.case_id })}><span class="num">#{one.order_number}</span> · <bdi>{one.buyer_name}</bdi></a>
              <span class="s">{one.reason ? tn(`notice.reason.${one.reason}`) : tn('notice.state.failed')}</span>
              <span class="xs faint">{tn(`notice.kind.${one.kind}`)} · {ago(one.at)}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
