/** Taking back the consent to be recorded: what it does, and the one button that does it. */
import type { Signal } from '@preact/signals';
import { post } from '../base/api';
import { clockTime } from '../base/time';
import { tb } from '../base/text';
import { Button, Dialog } from '../base/ui';
import type { LiveSession } from '../live/session';
import { t } from './text';

/** `no`: nothing asked, or confirmed; otherwise the recorder has not confirmed, and the recording may go on. */
export type Stopping = 'no' | 'asked' | 'failed';

/** `done`: this person is no longer recorded. */
export function WithdrawDialog({ session, done, stopping, onClose }: { session: LiveSession; done: boolean; stopping: Signal<Stopping>; onClose: () => void }) {
  const withdraw = async () => {
    stopping.value = 'asked';
    try {
      await post(`/api/sessions/${session.id}/withdraw-consent`, {}, { retries: 3 });
      stopping.value = 'no';
      onClose();
    } catch {
      stopping.value = 'failed';
    }
  };
  if (done) return <Withdrawn session={session} onClose={onClose} />;
  return (
    <Dialog
      title={t('call.withdraw_title')}
      sheet
      test="withdraw-dialog"
      onClose={onClose}
      actions={
        <>
          <Button size="large" class="grow" onClick={onClose}>{t('call.withdraw_no')}</Button>
          <Button size="large" class="grow" variant="danger" busy={stopping.value === 'asked'} test="withdraw-yes" onClick={() => void withdraw()}>{t('call.withdraw_yes')}</Button>
        </>
      }
    >
      <p>{t('call.withdraw_what')}</p>
      <p class="quiet">{t('call.withdraw_kept')}</p>
      {stopping.value === 'failed' ? <p class="wrong" role="alert">{t('call.withdraw_failed')}</p> : null}
    </Dialog>
  );
}

function Withdrawn({ session, onClose }: { session: LiveSession; onClose: () => void }) {
  const event = session.events.value.find((entry) => entry.kind === 'consent_withdrawn' && entry.actor.participant_id === session.you.participant_id);
  const other = session.other.value;
  return (
    <Dialog title={t('call.withdrawn_title')} sheet test="withdrawn-dialog" onClose={onClose} actions={<Button size="large" onClick={onClose}>{tb('base.close')}</Button>}>
      {event ? <p>{t('call.withdrawn_text', { time: clockTime(event.at) })}</p> : null}
      {other && session.recording.value && !session.unrecorded.value.has(other.id) ? <p class="quiet">{t('call.withdrawn_other', { name: other.name })}</p> : null}
    </Dialog>
  );
}
