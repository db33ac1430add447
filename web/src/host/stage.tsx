/** What lies over the buyer's picture: why there is none, and the photographs taken so far. */
import { useSignal } from '@preact/signals';
import { clockTime } from '../base/time';
import { Dialog, Icon } from '../base/ui';
import type { LiveSession } from '../live/session';
import type { Still, Stills } from './stills';
import { t } from './text';

const LOST_WORDS: Record<Still['state'], 'host.still_taking' | 'host.still_kept' | 'host.still_failed'> = {
  taking: 'host.still_taking',
  taken: 'host.still_taking',
  kept: 'host.still_kept',
  failed: 'host.still_failed',
};

export function BuyerState({ session, hasFrame, unshowable, name, small }: { session: LiveSession; hasFrame: boolean; unshowable: boolean; name: string; small: boolean }) {
  const buyer = session.other.value;
  const box = small ? 'person small' : 'person';
  if (session.state.value === 'held' && (!buyer || buyer.presence !== 'here')) {
    return (
      <div class={box} role="status" data-test="waiting-for-buyer">
        <Icon name="clock" />
        <h2>{t('host.waiting_for', { name })}</h2>
        <p>{t('host.waiting_for_text')}</p>
      </div>
    );
  }
  if (buyer?.presence === 'left') {
    return (
      <div class={box} role="status" data-test="buyer-left">
        <Icon name="hangUp" />
        <h2>{t('host.buyer_left', { name })}</h2>
        <p>{t('host.buyer_left_text')}</p>
      </div>
    );
  }
  if (buyer?.presence === 'away') {
    return (
      <div class={`${box} over-picture`} role="status" data-test="buyer-away">
        <span class="spinner" aria-hidden="true" />
        <h2>{t('host.buyer_away', { name })}</h2>
        <p>{t('host.buyer_away_text')}</p>
      </div>
    );
  }
  if (buyer && !buyer.camera && session.historyLoaded.value) {
    return (
      <div class={box} role="status" data-test="buyer-no-camera">
        <Icon name="videoOff" />
        <p>{t('call.no_camera_of', { name })}</p>
      </div>
    );
  }
  if (buyer && unshowable) {
    return (
      <div class={box} role="status" data-test="unshowable">
        <Icon name="videoOff" />
        <p>{t('call.unshowable', { name })}</p>
      </div>
    );
  }
  if (hasFrame) return null;
  return (
    <div class={box} role="status">
      <span class="spinner" aria-hidden="true" />
      <p>{t('host.connecting', { name })}</p>
    </div>
  );
}

export function StillStrip({ stills }: { stills: Stills }) {
  const open = useSignal<string | null>(null);
  const all = stills.all.value;
  if (all.length === 0) return null;
  const shown = all.find((still) => still.clientId === open.value);
  return (
    <>
      <ul class="strip" aria-label={t('host.stills')} data-test="stills">
        {[...all].reverse().map((still) => (
          <li key={still.clientId}>
            <button type="button" class={`still ${still.state}`} data-test="still-entry" data-state={still.state} aria-label={`${t('host.still_at', { time: clockTime(still.atMs, true) })}, ${t(LOST_WORDS[still.state])}`} onClick={() => (open.value = still.clientId)}>
              {still.preview ? <img src={still.preview} alt="" /> : null}
              <span class="mark"><Icon name={still.state === 'kept' ? 'check' : still.state === 'failed' ? 'warning' : 'clock'} /></span>
            </button>
          </li>
        ))}
      </ul>
      {shown ? (
        <Dialog title={t('host.still_at', { time: clockTime(shown.atMs, true) })} onClose={() => (open.value = null)} test="still-view">
          {shown.preview ? <img src={shown.preview} alt={t('host.still_at', { time: clockTime(shown.atMs, true) })} class="still-large" /> : null}
          <p class="quiet">{t(LOST_WORDS[shown.state])}</p>
        </Dialog>
      ) : null}
    </>
  );
}
