/** One notice in a list: how it went, why not, and what can be done about it. */
import { post } from '../../base/api';
import { dateAndTime, serverNowMs } from '../../base/time';
import { Button, Chip, toast, type Tone } from '../../base/ui';
import { useAct } from '../asking';
import { follow } from '../route';
import { maySendAgain, maySendNow, mayStop, type Notice, type NoticeState, type Planned } from './shapes';
import { tn } from './text';

const TONES: Readonly<Record<NoticeState, Tone>> = { waiting: 'plain', ordered: 'note', sent: 'proof', failed: 'live', suppressed: 'warn' };

export function NoticeRow({ notice, ofCase, mayAct, onChanged }: {
  notice: Notice;
  /** On the case's own page its order and buyer are known. */
  ofCase: boolean;
  mayAct: boolean;
  onChanged: (now: Notice) => void;
}) {
  return (
    <li class="notice-row" data-test="notice-row" data-kind={notice.kind} data-state={notice.state}>
      <div class="notice-words">
        <span class="row wrap notice-head">
          <strong>{tn(`notice.kind.${notice.kind}`)}</strong>
          <Chip tone={TONES[notice.state]} test="notice-state">{tn(`notice.state.${notice.state}`)}</Chip>
        </span>
        {ofCase ? null : <a class="s" href={`/console?case=${encodeURIComponent(notice.case_id)}`} onClick={follow({ caseId: notice.case_id })}><span class="num">#{notice.order_number}</span>{notice.buyer_name ? <> · <bdi>{notice.buyer_name}</bdi></> : null}</a>}
        <span class="xs faint">{whenWords(notice)}</span>
        {notice.reason ? <span class="s" data-test="notice-reason">{tn(`notice.reason.${notice.reason}`)}</span> : null}
        {notice.words && notice.state !== 'sent' ? <span class="xs quiet" data-test="notice-said">{tn('notice.said')} <q dir="auto">{notice.words}</q></span> : null}
      </div>
      {mayAct ? <Orders id={notice.id} again={maySendAgain(notice)} now={maySendNow(notice, serverNowMs())} stop={mayStop(notice)} onChanged={onChanged} /> : null}
    </li>
  );
}

/** A reminder to come: what will be told and when, if nobody says otherwise. */
export function PlannedRow({ planned, mayAct, onChanged }: { planned: Planned; mayAct: boolean; onChanged: (now: Notice) => void }) {
  return (
    <li class="notice-row" data-test="planned-notice" data-kind={planned.kind}>
      <div class="notice-words">
        <span class="row wrap notice-head">
          <strong>{tn(`notice.kind.${planned.kind}`)}</strong>
          <Chip tone="plain" test="notice-state">{tn('notice.state.planned')}</Chip>
        </span>
        <span class="xs faint">{tn('notice.due', { when: dateAndTime(planned.at) })}</span>
      </div>
      {mayAct ? <Orders id={planned.id} again={false} now stop onChanged={onChanged} /> : null}
    </li>
  );
}

function Orders({ id, again, now, stop, onChanged }: { id: string; again: boolean; now: boolean; stop: boolean; onChanged: (now: Notice) => void }) {
  const [busy, act] = useAct();
  const order = (what: 'send' | 'stop', said: string): void => void act(async () => {
    onChanged(await post<Notice>(`/api/v1/notices/${id}/${what}`));
    toast(said);
  });
  const send = (): void => order('send', tn('notice.ordered'));
  return (
    <div class="row wrap notice-orders">
      {again ? <Button size="small" busy={busy} test="send-again" onClick={send}>{tn('notice.send_again')}</Button> : null}
      {now ? <Button size="small" busy={busy} test="send-now" onClick={send}>{tn('notice.send_now')}</Button> : null}
      {stop ? <Button size="small" busy={busy} test="stop-notice" onClick={() => order('stop', tn('notice.stopped'))}>{tn('notice.stop')}</Button> : null}
    </div>
  );
}

function whenWords(notice: Notice): string {
  const channel = notice.channel ? tn(`notice.channel.${notice.channel}`) : null;
  if (notice.state === 'waiting' && notice.due_at) return tn('notice.due', { when: dateAndTime(notice.due_at) });
  const when = dateAndTime(notice.sent_at ?? notice.created_at);
  return channel === null ? when : tn('notice.over', { channel, when });
}
