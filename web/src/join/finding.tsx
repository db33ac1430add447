/** The host's finding that waits for the buyer's answer: agree, disagree, or a note. */
import { useComputed, useSignal } from '@preact/signals';
import type { EventOf } from '../base/protocol/session';
import { tb } from '../base/text';
import { Button, TextArea } from '../base/ui';
import type { LiveSession } from '../live/session';
import { tl as t } from './text';

/** The oldest finding that this person has not answered, counting answers still on their way. */
export function openFinding(session: LiveSession): EventOf<'finding'> | null {
  const answered = new Set<string>();
  for (const event of session.events.value) if (event.kind === 'finding_answer') answered.add(event.payload.finding_id);
  for (const item of session.unsent.value) {
    if (item.name === 'finding.answer' && !item.refused && 'finding_id' in item.body) answered.add(item.body.finding_id);
  }
  for (const event of session.events.value) if (event.kind === 'finding' && !answered.has(event.payload.finding_id)) return event;
  return null;
}

export function OpenFinding({ session }: { session: LiveSession }) {
  const current = useComputed(() => openFinding(session));
  const noting = useSignal(false);
  const note = useSignal('');
  const event = current.value;
  if (!event) return null;
  const answer = (kind: 'agree' | 'disagree' | 'note') => {
    session.send('finding.answer', { finding_id: event.payload.finding_id, answer: kind, words: note.value.trim() });
    note.value = '';
    noting.value = false;
  };
  return (
    <section class="finding-card" role="alertdialog" aria-label={t('join.finding_question')} data-test="finding">
      <p class="quiet s">{t('join.finding_from', { name: event.actor.name })}</p>
      <p class="words" dir="auto">“{event.payload.words}”</p>
      {noting.value ? (
        <>
          <TextArea label={t('join.note_label')} rows={2} maxLength={1000} value={note.value} test="finding-words" onInput={(input) => (note.value = input.currentTarget.value)} />
          <div class="answers">
            <Button onClick={() => (noting.value = false)}>{tb('base.cancel')}</Button>
            <Button variant="primary" test="finding-note-send" disabled={!note.value.trim()} onClick={() => answer('note')}>{tb('base.send')}</Button>
          </div>
        </>
      ) : (
        <>
          <p><strong>{t('join.finding_question')}</strong></p>
          <div class="answers">
            <Button variant="primary" icon="check" test="finding-agree" onClick={() => answer('agree')}>{t('join.agree')}</Button>
            <Button icon="close" test="finding-disagree" onClick={() => answer('disagree')}>{t('join.disagree')}</Button>
            <Button variant="plain" test="finding-note" onClick={() => (noting.value = true)}>{t('join.add_note')}</Button>
          </div>
        </>
      )}
    </section>
  );
}
