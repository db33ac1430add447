/** A page of the console that is loaded when it is first opened, with its words. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { addText, type Loaders } from '../base/text';
import { Button, Icon, Skeleton } from '../base/ui';
import { t } from './text';

export interface LatePart {
  readonly loaders: Loaders;
  readonly load: () => Promise<ComponentType>;
}

export function Part({ part }: { part: LatePart }) {
  const [Page, setPage] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  const load = (): void => {
    setFailed(false);
    Promise.all([part.load(), addText(part.loaders)]).then(([found]) => setPage(() => found), () => setFailed(true));
  };
  useEffect(load, [part]);
  if (Page !== null) return <Page />;
  if (!failed) return <main class="page" aria-busy="true" aria-label={t('base.loading')}><Skeleton height={64} /><Skeleton height={220} /></main>;
  return (
    <main class="page nothing">
      <div class="notice bad">
        <Icon name="offline" />
        <h1>{t('console.part_failed')}</h1>
        <p class="quiet">{t('base.error_network')}</p>
        <Button variant="primary" onClick={load}>{t('base.try_again')}</Button>
      </div>
    </main>
  );
}
