/** The thread with the buyer: what was said, what is about to be sent, a line to write, internal notes. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CaseView } from '../base/protocol/case';
import { Skeleton } from '../base/ui';
import { MessageList } from '../thread/list';
import { Thread } from '../thread/thread';
import { Composer, type Writing } from './composer';
import type { Held } from './held';
import { HeldList } from './held_list';
import { onNews, onThread } from './news';
import type { Others } from './presence';
import { t } from './text';

const TYPING_SHOWN_MS = 6_000;

export interface ThreadCardProps {
  view: CaseView;
  held: Held;
  others: Others;
}

export function ThreadCard({ view, held, others }: ThreadCardProps) {
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}`;
  // What staff write is held for ten seconds, so that it can be taken back.
  const thread = useMemo(() => new Thread(`${path}/thread`, `${path}/held/message`, 'staff'), [path]);
  const [back, setBack] = useState<Writing | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    void thread.load();
    void held.load();
    let fading: ReturnType<typeof setTimeout> | undefined;
    const stops = [
      onNews(() => void thread.load()),
      onNews(() => void held.load()),
      onThread((caseId, typing) => {
        if (caseId !== view.id) return;
        if (typing === null) {
          thread.typingUntil.value = 0;
          void thread.load();
          void held.load();
        }
        else if (typing === 'buyer') {
          thread.typingUntil.value = Date.now() + TYPING_SHOWN_MS;
          clearTimeout(fading);
          fading = setTimeout(() => redraw((n) => n + 1), TYPING_SHOWN_MS);
        }
      }),
    ];
    return () => {
      clearTimeout(fading);
      for (const stop of stops) stop();
    };
  }, [thread]);
  const messages = thread.messages.value;
  return (
    <section class="card stack" data-test="thread-card" aria-labelledby="thread-title">
      <h2 id="thread-title">{t('thread.title', { name: view.buyer.name })}</h2>
      {messages === null ? (thread.failed.value ? <p class="s quiet" role="alert">{t('thread.failed')}</p> : <Skeleton height={80} />) : null}
      {messages?.length === 0 ? <p class="s quiet">{t('thread.none')}</p> : null}
      {messages && messages.length > 0 ? (
        <MessageList
          thread={thread}
          words={{
            you: t('thread.you'),
            internal: t('thread.internal'),
            inCall: t('thread.in_call'),
            erased: t('thread.erased'),
            read: t('thread.read', { name: view.buyer.name }),
            earlier: t('thread.earlier'),
            attachments: (count) => t('thread.attachments', { count }),
          }}
        />
      ) : null}
      {thread.typingUntil.value > Date.now() ? <p class="xs faint" data-test="thread-typing">{t('thread.typing', { name: view.buyer.name })}</p> : null}
      <HeldList held={held} onDue={() => { void held.load(); void thread.load(); }} onBack={setBack} />
      <Composer view={view} thread={thread} others={others} back={back} onHeld={() => void held.load()} />
    </section>
  );
}
