/** The small signs above a call: what is recorded since when, and how good the connection is. */
import { useSignal } from '@preact/signals';
import type { ConnectionWord } from '../base/protocol/words';
import { clockLength, nowMs, serverAheadMs } from '../base/time';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { tb } from '../base/text';
import { Icon } from '../base/ui';
import { t } from './text';
import { WithdrawDialog, type Stopping } from './withdraw';

/** What is recorded, and the way to stop the recording of oneself. */
export function RecordedPill({ session }: { session: LiveSession }) {
  const asking = useSignal(false);
  const stopping = useSignal<Stopping>('no');
  const since = session.state.value === 'live' ? (session.snapshot.value.live_at ?? liveSince(session)) : null;
  // While stopping it is not over: the recorder has to confirm.
  const mine = stopping.value === 'no' && session.unrecorded.value.has(session.you.participant_id);
  const recording = !mine && (session.recording.value || stopping.value !== 'no');
  const other = session.other.value;
  return (
    <>
      <button type="button" class={recording ? 'pill press recorded' : 'pill press'} title={recording ? t('call.recording_of_you') : undefined} aria-haspopup="dialog" data-test="withdraw" onClick={() => (asking.value = true)}>
        <span class="dot" />
        <span data-test="recorded">{t(mine ? 'call.you_unrecorded' : recording ? 'call.recorded' : 'call.not_recorded')}</span>
        {recording && since ? <time class="num" aria-hidden="true">{clockLength(nowMs.value + serverAheadMs.value - Date.parse(since))}</time> : null}
      </button>
      {other && session.unrecorded.value.has(other.id) ? <span class="pill" role="status" data-test="other-unrecorded"><span class="dot" />{t('call.unrecorded_of', { name: other.name })}</span> : null}
      {asking.value ? <WithdrawDialog session={session} done={mine} stopping={stopping} onClose={() => (asking.value = false)} /> : null}
    </>
  );
}

/** The snapshot may be older than the call: the log knows when it began. */
function liveSince(session: LiveSession): string | null {
  return session.events.value.find((event) => event.kind === 'recording_opened' || event.kind === 'host_took')?.at ?? null;
}

/** This person's own connection as one word: what the server measures, unless there is nothing to measure. */
export function ownWord(call: Call, session: LiveSession): ConnectionWord {
  const path = call.connection.word.value;
  if (path === 'lost' || path === 'gave_up') return 'lost';
  return session.connectionOf(session.you.participant_id) ?? 'good';
}

const SIGNS: Record<ConnectionWord, number> = { good: 3, weak: 2, bad: 1, lost: 0 };

/** A word, and bars that say the same without colour. */
export function ConnectionPill({ word, name, test = 'connection-word', onPress }: { word: ConnectionWord; name?: string | undefined; test?: string; onPress?: () => void }) {
  return (
    <button type="button" class={`pill press word-${word}`} data-test={test} data-word={word} onClick={onPress}>
      <svg class="bars" viewBox="0 0 18 14" aria-hidden="true">
        {[0, 1, 2].map((bar) => (
          <rect key={bar} x={bar * 6.5} y={9 - bar * 4.5} width="4.5" height={5 + bar * 4.5} rx="1.2" class={bar < SIGNS[word] ? 'on' : ''} />
        ))}
      </svg>
      <span class="sr">{t('call.connection')}: </span>
      {name ? `${name} · ` : ''}{t(`call.word_${word}`)}
    </button>
  );
}

/** After this long a person wants to do something. */
const HELP_AFTER_MS = 10_000;

/** Over the last picture while the path is being made again. */
export function ReconnectingVeil({ call }: { call: Call }) {
  const word = call.connection.word.value;
  if (word === 'gave_up') {
    return (
      <div class="veil" role="alert" data-test="gave-up">
        <Icon name="offline" />
        <strong>{t('call.gave_up')}</strong>
        <p>{t('call.gave_up_hint')}</p>
        <button type="button" class="button primary large" onClick={() => call.connection.renew()}>{tb('base.try_again')}</button>
      </div>
    );
  }
  if (word !== 'lost') return null;
  const since = call.connection.lostSinceMs.value;
  const long = since !== null && nowMs.value - since > HELP_AFTER_MS;
  return (
    <div class="veil" role="status" data-test="reconnecting">
      <span class="spinner" aria-hidden="true" />
      <strong>{t('call.reconnecting')}</strong>
      <p>{t(long ? 'call.reconnecting_help' : 'call.reconnecting_hint')}</p>
    </div>
  );
}

/** Over the other person's last picture: it is their connection, not yours. */
export function OtherLost({ call, session }: { call: Call; session: LiveSession }) {
  const other = session.other.value;
  // Whoever is cut off themselves cannot know how the other one is.
  if (!other || other.presence !== 'here' || call.connection.word.value !== 'connected' || session.connectionOf(other.id) !== 'lost') return null;
  return (
    <div class="person over-picture" role="status" data-test="other-lost">
      <span class="spinner" aria-hidden="true" />
      <h2>{t('call.other_lost', { name: other.name })}</h2>
      <p>{t('call.other_lost_text')}</p>
    </div>
  );
}
