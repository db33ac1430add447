/** The buyer's messages with the seller, before and after the call, on the same link. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ApiError } from '../base/api';
import { locale } from '../base/text';
import { Button, Card, Skeleton, TextArea } from '../base/ui';
import { MessageList } from '../thread/list';
import { Thread } from '../thread/thread';
import { OwnDataPart } from './own_data_part';
import { w } from './thread_words';
import type { Visit } from './visit';

const POLL_MS = 4_000;

export function ThreadPart({ visit }: { visit: Visit }) {
  const path = `${visit.path}/thread`;
  const thread = useMemo(() => new Thread(path, `${path}/messages`, 'buyer'), [path]);
  const text = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<'thread.not_sent' | 'thread.slow_down' | 'thread.other_device' | null>(null);
  useEffect(() => {
    let entered = false;
    const ask = async () => {
      try {
        await (entered ? thread.load() : thread.enter());
        entered ||= thread.messages.peek() !== null;
      } catch {
        trouble.value = 'thread.other_device';
      }
    };
    void ask();
    const asking = setInterval(() => {
      if (document.visibilityState === 'visible' && trouble.peek() !== 'thread.other_device') void ask();
    }, POLL_MS);
    return () => clearInterval(asking);
  }, [thread]);
  const send = async () => {
    if (!text.value.trim() || busy.value) return;
    busy.value = true;
    try {
      await thread.send({ text: text.value.trim(), locale: locale.peek() });
      text.value = '';
      trouble.value = null;
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      trouble.value = status === 429 ? 'thread.slow_down' : status === 409 ? 'thread.other_device' : 'thread.not_sent';
    }
    busy.value = false;
  };
  const tenant = visit.seller.value;
  const messages = thread.messages.value;
  return (
    <>
      <Card class="stack">
        <h2>{w('thread.title', { tenant })}</h2>
        {messages === null && trouble.value === null ? (
          thread.failed.value ? <p class="quiet s" role="alert">{w('thread.failed')}</p> : <div aria-busy="true" aria-label={w('thread.loading')}><Skeleton height={60} /></div>
        ) : null}
        {messages?.length === 0 ? <p class="quiet s">{w('thread.none', { tenant })}</p> : null}
        {messages && messages.length > 0 ? (
          <MessageList
            thread={thread}
            words={{
              you: w('thread.you'),
              internal: '',
              inCall: w('thread.in_call'),
              erased: w('thread.erased'),
              read: w('thread.read'),
              earlier: w('thread.earlier'),
              attachments: (count) => w('thread.attachments', { count }),
            }}
          />
        ) : null}
        {trouble.value ? <p role="alert" data-test="thread-trouble">{w(trouble.value)}</p> : null}
        {trouble.value === 'thread.other_device' ? null : (
          <>
            <TextArea label={w('thread.write')} rows={3} maxLength={4000} dir="auto" test="thread-text" value={text.value} onInput={(event) => { text.value = event.currentTarget.value; thread.typing(); }} />
            <Button variant="primary" wide icon="send" busy={busy.value} disabled={!text.value.trim()} test="thread-send" onClick={() => void send()}>{w('thread.send')}</Button>
          </>
        )}
      </Card>
      {/* By now the link is bound to this browser; the page of the end shows it by itself. */}
      {messages !== null && visit.stage.value.at !== 'ended' ? <OwnDataPart visit={visit} /> : null}
    </>
  );
}
