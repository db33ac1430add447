/** An offer on the link page: few cases have one, so what it needs is fetched only then. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { LanguageSwitch, Skeleton } from '../base/ui';
import { ItemCard } from './ready';
import { t } from './text';
import { ThreadLater } from './thread_later';
import type { Visit } from './visit';

const AGAIN_MS = 3_000;
const part = signal<typeof import('./offer') | null>(null);

export function OfferPage({ visit }: { visit: Visit }) {
  useEffect(() => {
    if (part.peek()) return;
    let timer: ReturnType<typeof setTimeout>;
    const load = () => void import('./offer').then((loaded) => (part.value = loaded), () => (timer = setTimeout(load, AGAIN_MS)));
    load();
    return () => clearTimeout(timer);
  }, []);
  const loaded = part.value;
  const view = visit.view.value;
  const given = view?.case.policy_answer;
  if (!view || !given) return null;
  return (
    <div class="page" data-test="offer-page">
      <header class="row between">
        <strong class="grow">{view.tenant.name}</strong>
        <LanguageSwitch />
      </header>
      <main class="stack wide">
        <h1>{t('join.offer_title')}</h1>
        <ItemCard view={view} />
        {loaded ? <loaded.OfferCard given={given} act={(word) => visit.answerOffer(word)} /> : <Skeleton height={180} />}
        <ThreadLater visit={visit} />
      </main>
    </div>
  );
}
