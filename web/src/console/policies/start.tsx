/** What a new version begins as: the rules in force, a starting point, or nothing. */
import { useEffect, useState } from 'preact/hooks';
import { endedLogin, failureWords } from '../../base/sign_in';
import { Icon, Skeleton } from '../../base/ui';
import { readStarters, readVersion, type Policy, type Starter, type Version } from './rules';
import { tp } from './text';

export interface Beginning {
  readonly policy: Policy;
  readonly basedOn: number | null;
}

const EMPTY: Policy = { title: '', rules: [], otherwise: { kind: 'ask_a_person' } };

export function Start({ live, onStart }: { live: Version | null; onStart: (from: Beginning) => void }) {
  const [found, setFound] = useState<{ notice: string; items: readonly Starter[] } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const failed = (error: unknown): void => { if (!endedLogin(error)) setFailure(failureWords(error)); };
  useEffect(() => { readStarters().then(setFound, failed); }, []);
  const fromLive = (version: Version): void => { readVersion(version.id).then((policy) => onStart({ policy, basedOn: version.number }), failed); };
  return (
    <section class="card stack" aria-labelledby="start-title" data-test="start">
      <h2 id="start-title">{tp('pol.start.title')}</h2>
      <div class="starts">
        {live ? <StartButton icon="shield" test="start-live" title={tp('pol.start.live', { number: live.number })} words={tp('pol.start.live_words')} onClick={() => fromLive(live)} /> : null}
        <StartButton icon="plus" test="start-empty" title={tp('pol.start.empty')} words={tp('pol.start.empty_words')} onClick={() => onStart({ policy: EMPTY, basedOn: null })} />
      </div>
      {failure ? <p class="wrong" role="alert">{failure}</p> : null}
      <h3>{tp('pol.start.starters')}</h3>
      {found === null ? (failure ? null : <Skeleton height={160} />) : (
        <>
          <p class="notice-line s"><Icon name="warning" />{found.notice}</p>
          <div class="starts">
            {found.items.map((one) => <StartButton key={one.key} icon="list" test={`starter-${one.key}`} title={one.title} words={one.words} onClick={() => onStart({ policy: one.policy, basedOn: null })} />)}
          </div>
        </>
      )}
    </section>
  );
}

function StartButton({ icon, title, words, test, onClick }: { icon: 'shield' | 'plus' | 'list'; title: string; words: string; test: string; onClick: () => void }) {
  return (
    <button type="button" class="start" data-test={test} onClick={onClick}>
      <Icon name={icon} />
      <span><strong>{title}</strong><span class="s quiet">{words}</span></span>
    </button>
  );
}
