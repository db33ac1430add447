/** Quick phrases: the host taps what they mean in their own language, the buyer reads it in theirs. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../base/api';
import { locale, nearestLocale } from '../base/text';
import type { LiveSession } from '../live/session';
import { t } from './text';

interface Phrase {
  readonly name: string;
  readonly words: Readonly<Record<string, string>>;
}

let known: readonly Phrase[] | null = null;

/** The words in a language that is shipped, else in English. */
export function phraseIn(phrase: Phrase, tag: string): { text: string; locale: string } {
  const near = phrase.words[tag] ? tag : tag.toLowerCase().startsWith('ar') ? 'ar' : nearestLocale(tag) ?? 'en';
  const text = phrase.words[near];
  return text ? { text, locale: near } : { text: phrase.words['en'] ?? '', locale: 'en' };
}

export function Phrases({ session }: { session: LiveSession }) {
  const phrases = useSignal(known);
  useEffect(() => {
    if (known !== null) return;
    // Without them the host writes by hand; the next look at the messages asks again.
    get<{ items: Phrase[] }>('/api/v1/phrases').then((answer) => { known = answer.items; phrases.value = known; }, () => undefined);
  }, []);
  if (!phrases.value) return null;
  const buyer = session.participants.value.find((person) => person.role === 'buyer');
  const tag = buyer?.locale ?? session.snapshot.value.case.buyer.locale;
  return (
    <details class="phrases">
      <summary data-test="phrases">{t('host.phrases')}</summary>
      <div class="row wrap">
        {phrases.value.map((one) => (
          <button key={one.name} type="button" class="button small" data-test={`phrase-${one.name}`} onClick={() => session.send('message.send', phraseIn(one, tag))}>{phraseIn(one, locale.value).text}</button>
        ))}
      </div>
    </details>
  );
}
