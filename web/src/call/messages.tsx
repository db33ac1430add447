/** The conversation of a session: what was said, what is on its way, and a line to write. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SessionEvent } from '../base/protocol/session';
import { locale, tb } from '../base/text';
import { clockTime } from '../base/time';
import { Button, IconButton } from '../base/ui';
import type { LiveSession } from '../live/session';
import { t } from './text';

/** The other people's messages, for an unread count. */
export function messagesFromOthers(session: LiveSession): SessionEvent[] {
  return session.events.value.filter((event) => event.kind === 'message' && event.actor.participant_id !== session.you.participant_id);
}

function Entry({ event, own }: { event: SessionEvent; own: boolean }) {
  const time = <time dateTime={event.at}>{clockTime(event.at)}</time>;
  switch (event.kind) {
    case 'message':
      return (
        <li class={own ? 'bubble own' : 'bubble'} data-test="message">
          <span class="by">{own ? tb('base.you') : event.actor.name} {time}</span>
          <span lang={event.payload.locale} dir="auto">{event.payload.text}</span>
        </li>
      );
    case 'still_taken':
      return <li class="fact">{t('call.event_still')} {time}</li>;
    case 'marker':
      return <li class="fact">{t('call.event_marker', { label: event.payload.label })} {time}</li>;
    case 'finding':
      return (
        <li class="bubble finding"><span class="by">{event.actor.name} {time}</span><span dir="auto">{event.payload.words}</span></li>
      );
    case 'finding_answer':
      return (
        <li class="fact">
          {t(`call.finding_answered_${event.payload.answer}`, { name: event.actor.name })}
          {event.payload.words ? <span dir="auto"> “{event.payload.words}”</span> : null} {time}
        </li>
      );
    case 'consent_withdrawn':
      return <li class="fact withdrawn" data-test="withdrawn-fact">{t('call.event_withdrawn', { name: event.actor.name })} {time}</li>;
    case 'observer_removed':
      return <li class="fact">{t('call.event_removed', { name: event.payload.name })} {time}</li>;
    case 'host_changed':
      return <li class="fact" data-test="host-changed-fact">{t('call.handed_over', { name: event.payload.to })} {time}</li>;
    case 'joined':
      return <li class="fact">{t('call.event_joined', { name: event.payload.name })} {time}</li>;
    case 'bench_attached':
      return <li class="fact">{t('call.event_bench_on', { name: event.payload.name })} {time}</li>;
    case 'bench_detached':
      return <li class="fact">{t('call.event_bench_off', { name: event.payload.name })} {time}</li>;
    default:
      return null;
  }
}

export function Messages({ session, autofocus }: { session: LiveSession; autofocus?: boolean }) {
  const draft = useSignal('');
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const shown = useComputed(() =>
    session.events.value.filter((event) => ['message', 'still_taken', 'marker', 'finding', 'finding_answer', 'consent_withdrawn', 'bench_attached', 'bench_detached', 'observer_removed', 'host_changed'].includes(event.kind) || (event.kind === 'joined' && event.payload.role !== 'bench')),
  );
  const unsent = useComputed(() => session.unsent.value.filter((item) => item.name === 'message.send'));
  const count = shown.value.length + unsent.value.length;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [count]);
  useEffect(() => {
    if (autofocus) input.current?.focus();
  }, []);

  const send = () => {
    const text = draft.value.trim();
    if (!text) return;
    session.send('message.send', { text: text.slice(0, 4000), locale: locale.value });
    draft.value = '';
    input.current?.focus();
  };
  const typing = session.participants.value.find((p) => p.id === session.typing.value);

  return (
    <div class="messages">
      <div ref={list} class="log" role="log" aria-label={t('call.messages')} tabIndex={0} data-test="messages">
        <ol class="stack">
        {count === 0 ? <li class="fact">{t('call.no_messages')}</li> : null}
        {shown.value.map((event) => (
          <Entry key={event.seq} event={event} own={event.actor.participant_id === session.you.participant_id} />
        ))}
        {unsent.value.map((item) => (
          <li key={item.client_id} class="bubble own unsent" data-test="message-unsent">
            <span dir="auto">{'text' in item.body ? item.body.text : ''}</span>
            {item.refused ? (
              <span class="by">
                {t('call.not_sent')} <Button size="small" variant="plain" onClick={() => session.sendAgain(item.client_id)}>{tb('base.try_again')}</Button>
              </span>
            ) : (
              <span class="by">{session.link.value === 'open' ? t('call.sending') : t('call.waits_for_network')}</span>
            )}
          </li>
        ))}
        </ol>
      </div>
      <p class="typing xs" aria-live="polite">{typing ? t('call.is_writing', { name: typing.name }) : ''}</p>
      <form
        class="compose"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={input}
          class="input"
          rows={1}
          maxLength={4000}
          value={draft.value}
          placeholder={t('call.message_placeholder')}
          aria-label={t('call.message_label')}
          data-test="message-input"
          enterkeyhint="send"
          onInput={(event) => {
            draft.value = event.currentTarget.value;
            session.sendTyping();
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <IconButton type="submit" icon="send" label={tb('base.send')} variant="primary" test="message-send" disabled={!draft.value.trim()} />
      </form>
    </div>
  );
}
