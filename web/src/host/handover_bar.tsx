/** The line above the picture while a buyer is handed over: who decides now, and the next step. */
import { useSignal } from '@preact/signals';
import { call, post } from '../base/api';
import type { Ring } from '../base/protocol/desk';
import type { SessionEvent } from '../base/protocol/session';
import { languageName, nowMs, serverAheadMs } from '../base/time';
import { Button, toast } from '../base/ui';
import { useCompanyNews } from '../call/company';
import type { LiveSession } from '../live/session';
import { troubleWords } from './people';
import type { Shift } from './shift';
import { t } from './text';

function secondsUntil(time: string): number {
  return Math.max(0, Math.ceil((Date.parse(time) - nowMs.value - serverAheadMs.value) / 1000));
}

export function HandoverBar({ shift, session }: { shift: Shift; session: LiveSession }) {
  const busy = useSignal(false);
  const handover = session.handover.value;
  const me = session.me.value;
  useCompanyNews(session, (event) => tell(event, session));
  if (!handover || !me) return null;
  const path = `/api/sessions/${session.id}/handover`;
  const run = (work: () => Promise<unknown>) => {
    if (busy.value) return;
    busy.value = true;
    work()
      .catch((error: unknown) => toast(troubleWords(error)))
      .finally(() => (busy.value = false));
  };
  const takeBack = () => run(() => call('DELETE', path));
  const successor = session.successor.value;
  if (!me.in_charge) {
    return (
      <div class="handover" role="status" data-test="handover-bar" data-side="successor">
        <span>{t('host.handover_yours', { name: session.host.value?.name ?? '' })}</span>
        <Button test="step-back" busy={busy.value} onClick={takeBack}>{t('host.handover_step_back')}</Button>
      </div>
    );
  }
  if (handover.state === 'ringing') {
    return (
      <div class="handover" role="status" data-test="handover-bar" data-side="ringing">
        <span class="num">{t('host.handover_ringing', { seconds: secondsUntil(handover.until) })}</span>
        <Button test="take-back" busy={busy.value} onClick={takeBack}>{t('host.handover_take_back')}</Button>
      </div>
    );
  }
  const name = handover.to ?? '';
  return (
    <div class="handover" role="status" data-test="handover-bar" data-side="first">
      <span>{t(successor?.presence === 'here' ? 'host.handover_here' : 'host.handover_coming', { name })}</span>
      <Button variant="primary" test="finish-handover" busy={busy.value} onClick={() => run(async () => {
        await post(`${path}/finish`, {});
        await shift.handedOver(session, name);
      })}
      >
        {t('host.handover_finish', { name })}
      </Button>
      <Button test="take-back" onClick={takeBack}>{t('host.handover_take_back')}</Button>
    </div>
  );
}

function tell(event: SessionEvent, session: LiveSession): void {
  if (event.kind === 'handover_ended') toast(t(`host.handover_${event.payload.outcome}`));
  if (event.kind === 'host_changed' && event.payload.participant_id === session.you.participant_id) toast(t('host.handover_now_yours'));
}

/** At the desk: somebody asks this person to take over. */
export function RingCard({ ring, shift }: { ring: Ring; shift: Shift }) {
  const seconds = secondsUntil(ring.until);
  if (seconds === 0) return null;
  return (
    <section class="card ring stack" role="alertdialog" aria-label={t('host.ring_title', { name: ring.from })} data-test="ring">
      <div class="row between wrap">
        <h2>{t('host.ring_title', { name: ring.from })}</h2>
        <span class="num quiet" aria-hidden="true">{seconds} s</span>
      </div>
      <p><strong><bdi>{ring.buyer_name}</bdi></strong> · {languageName(ring.buyer_locale)} · <bdi>{ring.title}</bdi></p>
      {ring.note ? <p class="s" dir="auto">“{ring.note}”</p> : null}
      <div class="row wrap">
        <Button variant="primary" size="large" icon="video" test="ring-yes" busy={shift.answering.value === ring.handover_id} onClick={() => void shift.answer(ring.handover_id, 'yes')}>{t('host.ring_yes')}</Button>
        <Button size="large" test="ring-no" onClick={() => void shift.answer(ring.handover_id, 'no')}>{t('host.ring_no')}</Button>
      </div>
    </section>
  );
}
