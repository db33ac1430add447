/** What is said about sound over the picture: you are muted but speaking, can you hear me, who is muted. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { nowMs, serverAheadMs } from '../base/time';
import { Button, Icon, toast } from '../base/ui';
import type { Call } from '../live/call';
import type { PushToTalk } from '../live/push_to_talk';
import type { LiveSession } from '../live/session';
import { SpeechDetector } from '../live/speech';
import { useUnmutedCopy } from './level_bar';
import { meter } from './level_meter';
import { soundCheck } from './sound_check';
import { s } from './sound_words';

/** Said once, the hint rests: somebody may want to speak to those around. */
const HINT_RESTS_MS = 30_000;
const HINT_SHOWN_MS = 8_000;

export function SoundPrompts({ call, session, talk }: { call: Call; session: LiveSession; talk?: PushToTalk | undefined }) {
  const { media } = call;
  const speaking = useSignal(false);
  const restsUntil = useSignal(0);
  const muted = media.muted.value && media.microphone.value === 'on';
  // Who holds to talk knows that they are muted, and a loud hall would say so all the time.
  const wanted = muted && !talk?.on.value;
  useUnmutedCopy(
    media.audio.value,
    (copy) => {
      const detector = new SpeechDetector();
      return meter(copy, (levelDb) => {
        if (!detector.step(levelDb) || Date.now() < restsUntil.peek()) return;
        restsUntil.value = Date.now() + HINT_RESTS_MS;
        speaking.value = true;
      });
    },
    wanted,
  );
  useEffect(() => {
    if (!wanted) speaking.value = false;
    if (!speaking.value) return;
    const timer = setTimeout(() => (speaking.value = false), HINT_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [wanted, speaking.value]);

  const check = useComputed(() => soundCheck(session.events.value, session.you.participant_id, nowMs.value + serverAheadMs.value)).value;
  const own = check.own;
  const asker = session.other.value?.name ?? '';
  useEffect(() => {
    if (own === 'heard') toast(s('sound.heard', { name: asker }));
    if (own === 'not_heard') toast(`${s('sound.not_heard', { name: asker })}. ${s('sound.not_heard_hint')}`);
  }, [own]);
  const answered = useSignal(0);
  const answer = (seq: number, heard: boolean) => {
    answered.value = seq;
    session.send('sound.answer', { heard });
    if (!heard) toast(s('sound.no_hint'));
  };

  const other = session.other.value;
  return (
    <div class="sound-prompts">
      {other && other.presence === 'here' && !other.microphone ? <span class="pill" data-test="other-muted"><Icon name="micOff" />{s('sound.other_muted', { name: other.name })}</span> : null}
      {media.microphone.value === 'interrupted' || media.microphone.value === 'lost' || media.microphone.value === 'busy' ? (
        <span class="pill" role="status" data-test="microphone-interrupted"><Icon name="micOff" />{s(media.microphone.value === 'interrupted' ? 'sound.interrupted' : 'sound.level_none')}</span>
      ) : null}
      {speaking.value ? (
        <div class="prompt" role="status" data-test="muted-speaking">
          <Icon name="micOff" />
          <strong>{s('sound.muted_speaking')}</strong>
          <Button variant="primary" test="prompt-unmute" onClick={() => media.setMuted(false)}>{s('sound.unmute')}</Button>
        </div>
      ) : null}
      {check.question && check.question.seq > answered.value ? (
        <div class="prompt ask" role="alertdialog" aria-label={s('sound.question', { name: check.question.name })} data-test="sound-question">
          <Icon name="sound" />
          <strong>{s('sound.question', { name: check.question.name })}</strong>
          <div class="answers">
            <Button variant="primary" icon="check" test="sound-yes" onClick={() => answer(check.question?.seq ?? 0, true)}>{s('sound.yes')}</Button>
            <Button icon="close" test="sound-no" onClick={() => answer(check.question?.seq ?? 0, false)}>{s('sound.no')}</Button>
          </div>
        </div>
      ) : null}
    </div>
  );
}
