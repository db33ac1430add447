/** What was sent to an endpoint: page by page, each with its tries; one or a span is sent again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { ago, dateAndTime, serverNowMs } from '../../base/time';
import { Button, Chip, Dialog, Field, Select, Skeleton, Switch, toast, type Tone } from '../../base/ui';
import { addressOf, follow } from '../route';
import { useAct } from '../asking';
import { DELIVERY_STATES, type Attempt, type Delivery, type DeliveryState, type Page } from './shapes';
import { td } from './text';

const TONES: Record<DeliveryState, Tone> = { waiting: 'warn', ordered: 'note', delivered: 'proof', given_up: 'live', held: 'plain' };
const LOOK_AGAIN_MS = 2500;
const SOON_MS = 30_000;

export function SentCard({ path, enabled }: { path: string; enabled: boolean }) {
  const [state, setState] = useState<DeliveryState | ''>('');
  const [items, setItems] = useState<readonly Delivery[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [spanning, setSpanning] = useState(false);
  const round = useRef(0);
  const [busy, act] = useAct();
  const ask = (after: string | null) => get<Page<Delivery>>(`${path}/deliveries?limit=25${state ? `&state=${state}` : ''}${after ? `&cursor=${encodeURIComponent(after)}` : ''}`);
  const load = (): void => {
    const mine = (round.current += 1);
    ask(null).then(
      (page) => { if (mine === round.current) { setItems(page.items); setCursor(page.next_cursor); setFailure(null); } },
      (error: unknown) => { if (mine === round.current && !endedLogin(error)) setFailure(failureWords(error)); },
    );
  };
  useEffect(() => { setItems(null); load(); }, [path, state]);
  // While something is on its way the page looks again; further pages stay as they are.
  const moving = items?.some((item) => item.state === 'ordered' || (item.state === 'waiting' && item.due_at !== null && Date.parse(item.due_at) - serverNowMs() < SOON_MS)) ?? false;
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setTimeout(load, LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [items, moving]);
  const more = () => act(async () => {
    const page = await ask(cursor);
    setItems((now) => [...(now ?? []), ...page.items]);
    setCursor(page.next_cursor);
  });
  const again = (delivery: Delivery) => act(async () => {
    await post(`${path}/deliveries/${encodeURIComponent(delivery.id)}/replay`);
    toast(td('sent.again_done'));
    load();
  });
  return (
    <section class="card stack" aria-labelledby="sent-title" data-test="sent">
      <div class="row between wrap">
        <h2 id="sent-title">{td('sent.title')}</h2>
        <div class="row wrap">
          <Select<DeliveryState | ''>
            label={td('sent.state')} hideLabel test="sent-state" value={state} onPick={setState}
            options={[{ value: '', label: td('sent.any') }, ...DELIVERY_STATES.map((value) => ({ value, label: td(`sent.${value}`) }))]}
          />
          <Button size="small" disabled={!enabled} test="replay-span" onClick={() => setSpanning(true)}>{td('sent.span')}</Button>
        </div>
      </div>
      {failure !== null ? <p class="s wrong" role="alert">{td('dev.failed', { reason: failure })}</p> : null}
      {items === null ? (failure === null ? <Skeleton height={160} /> : null) : items.length === 0 ? <p class="s quiet">{td(state === '' ? 'sent.none' : 'sent.none_so')}</p> : (
        <ol class="dev-list sent-list">
          {items.map((item) => <Sent key={item.id} item={item} path={path} enabled={enabled} busy={busy} onAgain={() => void again(item)} />)}
        </ol>
      )}
      {cursor !== null ? <Button size="small" busy={busy} test="sent-more" onClick={() => void more()}>{td('sent.more')}</Button> : null}
      {spanning ? <Span path={path} onClose={() => setSpanning(false)} onSent={() => { setSpanning(false); load(); }} /> : null}
    </section>
  );
}

function Sent({ item, path, enabled, busy, onAgain }: { item: Delivery; path: string; enabled: boolean; busy: boolean; onAgain: () => void }) {
  const [attempts, setAttempts] = useState<readonly Attempt[] | null>(null);
  const [, act] = useAct();
  const show = () => act(async () => {
    setAttempts((await get<Page<Attempt>>(`${path}/deliveries/${encodeURIComponent(item.id)}/attempts`)).items);
  });
  return (
    <li data-test="delivery" data-state={item.state}>
      <div class="grow stack tight">
        <span class="row wrap dev-chips"><strong class="mono">{item.kind}</strong><Chip tone={TONES[item.state]} test="delivery-state">{td(`sent.${item.state}`)}</Chip></span>
        <span class="xs faint">
          <time datetime={item.at}>{dateAndTime(item.at)}</time>
          {item.case_id === null ? null : <>{' · '}<a href={addressOf({ caseId: item.case_id })} onClick={follow({ caseId: item.case_id })}>{item.case_id}</a></>}
        </span>
        {item.last === null ? null : <span class="s" data-test="delivery-last">{attemptWords(item.last)}</span>}
        {item.state === 'waiting' && item.due_at !== null && item.tries > 0 ? <span class="xs quiet">{td('sent.next', { when: ago(item.due_at) })}</span> : null}
        {attempts === null ? null : (
          <ol class="attempts">
            {attempts.map((attempt) => (
              <li key={attempt.number} data-test="attempt">
                <span class="s">{attempt.number}. {attemptWords(attempt)}</span>
                <span class="xs faint"><time datetime={attempt.at}>{dateAndTime(attempt.at)}</time></span>
                {attempt.answer === '' ? null : <pre class="xs mono answer" tabIndex={0} aria-label={td('sent.answer')}>{attempt.answer}</pre>}
              </li>
            ))}
          </ol>
        )}
      </div>
      <div class="row wrap sent-acts">
        {item.tries > 0 && attempts === null ? <Button variant="plain" size="small" test="show-attempts" onClick={() => void show()}>{td('sent.show')}</Button> : null}
        {item.state === 'ordered' || item.state === 'waiting' ? null : <Button size="small" disabled={!enabled || busy} test="replay" onClick={onAgain}>{td('sent.again')}</Button>}
      </div>
    </li>
  );
}

function attemptWords(attempt: Attempt): string {
  const words = td(`fail.${attempt.failure ?? 'none'}`, { status: attempt.status ?? 0 });
  return `${words} · ${td('sent.ms', { ms: attempt.latency_ms })}`;
}

/** What a `datetime-local` field holds for a moment, in this person's zone. */
function localValue(ms: number): string {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 16);
}

function Span({ path, onClose, onSent }: { path: string; onClose: () => void; onSent: () => void }) {
  const [since, setSince] = useState(localValue(Date.now() - 24 * 3600_000));
  const [until, setUntil] = useState(localValue(Date.now() + 60_000));
  const [missed, setMissed] = useState(true);
  const [busy, act] = useAct();
  const from = new Date(since);
  const to = new Date(until);
  const wrong = !(from.getTime() < to.getTime());
  const send = () => act(async () => {
    const { count } = await post<{ count: number }>(`${path}/replay`, { since: from.toISOString(), until: to.toISOString(), only_missed: missed });
    toast(td('sent.span_done', { count }));
    onSent();
  });
  return (
    <Dialog
      title={td('sent.span')} onClose={onClose} sheet test="span-form"
      actions={(
        <>
          <Button onClick={onClose}>{td('base.cancel')}</Button>
          <Button variant="primary" busy={busy} disabled={wrong} test="span-send" onClick={() => void send()}>{td('sent.span_send')}</Button>
        </>
      )}
    >
      <p>{td('sent.span_words')}</p>
      <div class="form-row">
        <Field label={td('sent.since')} type="datetime-local" value={since} onInput={(event) => setSince(event.currentTarget.value)} />
        <Field label={td('sent.until')} type="datetime-local" value={until} error={wrong ? td('sent.span_wrong') : null} onInput={(event) => setUntil(event.currentTarget.value)} />
      </div>
      <Switch label={td('sent.missed')} on={missed} onToggle={setMissed} test="span-missed" />
    </Dialog>
  );
}
