/** How both connections are, in a word and a colour, and for a while what helps, in a sentence. */
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { locale, type Locale } from '../base/text';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import { helpFor, type Help } from './help_words';
import { ConnectionPill, ownWord } from './status';
import { t } from './text';

/** Trouble that passes by itself needs no words. */
const SPEAK_AFTER_MS = 2_500;
const SPEAK_FOR_MS = 15_000;

type Fetch = () => Promise<{ help: Record<Help, string> }>;
const WORDS: Partial<Record<Locale, Fetch>> & { en: Fetch } = {
  en: () => import('./locales/help.en'),
  de: () => import('./locales/help.de'),
  ar: () => import('./locales/help.ar'),
  es: () => import('./locales/help.es'),
  'zh-Hans': () => import('./locales/help.zh-Hans'),
};
const shown = signal(false);

/** The pills of both people: whose page it is first, the other's when it is not simply good. */
export function ConnectionPills({ call, session }: { call: Call; session: LiveSession }) {
  const other = session.other.value;
  const theirs = other && other.presence !== 'left' ? session.connectionOf(other.id) : null;
  const own = ownWord(call, session);
  const host = session.you.role !== 'buyer';
  return (
    <>
      {host && own === 'good' ? null : <ConnectionPill word={own} name={host ? t('call.connection_yours') : undefined} onPress={() => (shown.value = !shown.value)} />}
      {other && theirs && (host || theirs !== 'good') ? <ConnectionPill word={theirs} name={other.name} test="other-connection" onPress={() => (shown.value = !shown.value)} /> : null}
    </>
  );
}

/** What helps: said when it begins, and again at a touch of the pill. */
export function ConnectionHelp({ session }: { session: LiveSession }) {
  const other = session.other.value;
  const help = helpFor(session.qualities.value[session.you.participant_id], other?.presence === 'here' ? session.qualities.value[other.id] : undefined);
  const spoken = locale.value;
  const words = useSignal<Record<Help, string> | null>(null);
  useEffect(() => {
    // A line too weak to bring the words now may bring them with the next trouble.
    if (help) (WORDS[spoken] ?? WORDS.en)().then((loaded) => (words.value = loaded.help), () => undefined);
  }, [help, spoken]);
  useEffect(() => {
    shown.value = false;
    if (!help) return;
    const begin = setTimeout(() => (shown.value = true), SPEAK_AFTER_MS);
    const end = setTimeout(() => (shown.value = false), SPEAK_AFTER_MS + SPEAK_FOR_MS);
    return () => {
      clearTimeout(begin);
      clearTimeout(end);
    };
  }, [help]);
  const text = help && shown.value ? words.value?.[help].replace('{name}', other?.name ?? '') : null;
  return (
    <p class={text ? 'pill help' : 'sr'} role="status" data-test="connection-help" data-help={help ?? ''}>
      {text}
    </p>
  );
}
