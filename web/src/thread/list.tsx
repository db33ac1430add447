/** The messages of a thread, oldest first; words come from the page that shows them. */
import { useEffect, useRef } from 'preact/hooks';
import { dateAndTime } from '../base/time';
import { refusedWords } from './refused_words';
import type { Thread, ThreadMessage } from './thread';
import './thread.css';

export interface ListWords {
  readonly you: string;
  readonly internal: string;
  readonly inCall: string;
  readonly erased: string;
  readonly read: string;
  readonly earlier: string;
  readonly attachments: (count: number) => string;
}

/** Of its own direction within a sentence: a name in another script would tear it apart. */
const isolated = (name: string): string => `\u2068${name}\u2069`;

function Message({ one, words, seen }: { one: ThreadMessage; words: ListWords; seen: boolean }) {
  const kind = one.internal ? 'said note' : one.author.mine ? 'said own' : 'said';
  return (
    <li class={kind} data-test="thread-message" data-internal={one.internal ? '' : undefined}>
      <span class="xs faint">
        <bdi>{one.author.mine ? words.you : one.author.name}</bdi>
        {[one.internal ? words.internal : null, one.session_id ? words.inCall : null].filter(Boolean).map((word) => ` · ${word}`)}{' · '}
        <time dateTime={one.at}><bdi>{dateAndTime(one.at)}</bdi></time>
      </span>
      {one.text === null ? <em class="quiet">{words.erased}</em> : one.text === '' ? null : <span class="lines" dir="auto" lang={one.locale ?? undefined}>{one.text}</span>}
      {one.translations.map((other) => <span key={other.locale} class="lines translated" dir="auto" lang={other.locale}>{other.text}</span>)}
      {one.attachments.length > 0 ? <span class="xs" data-test="thread-attachments">{words.attachments(one.attachments.length)}</span> : null}
      {one.refused.map((file, at) => <span key={at} class="xs" dir="auto" data-test="thread-refused">{refusedWords(file.reason, { name: isolated(file.name) })}</span>)}
      {seen ? <span class="xs faint" data-test="thread-seen">{words.read}</span> : null}
    </li>
  );
}

export function MessageList({ thread, words }: { thread: Thread; words: ListWords }) {
  const list = useRef<HTMLOListElement>(null);
  const messages = thread.messages.value ?? [];
  const last = messages[messages.length - 1]?.id;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [last]);
  return (
    <ol class="thread" ref={list} tabIndex={0} aria-live="polite" data-test="thread">
      {thread.earlier.value !== null ? <li><button type="button" class="button small" data-test="thread-earlier" onClick={() => void thread.loadEarlier().catch(() => undefined)}>{words.earlier}</button></li> : null}
      {messages.map((one) => <Message key={one.id} one={one} words={words} seen={thread.seen.value === one.id} />)}
    </ol>
  );
}
