/** The API reference: draws `/api/v1/openapi.json`, which the server makes from the routes themselves. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { get } from '../base/api';
import { openText } from '../base/text';
import { Button, Notice, Skeleton, Toasts } from '../base/ui';
import { groupsOf, matching, operationsOf, type Document, type Operation } from './openapi';
import { OperationView } from './operation_view';
import { loaders, tr } from './text';
import './reference.css';

const DESCRIPTION = '/api/v1/openapi.json';
const api = signal<Document | null>(null);
const failed = signal(false);
const words = signal('');

function load(): void {
  failed.value = false;
  get<Document>(DESCRIPTION).then((found) => { api.value = found; }, () => { failed.value = true; });
}

/** Text with `code` in it, as the description writes it. */
function Prose({ text }: { text: string }) {
  return <p class="quiet prose">{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</p>;
}

function Page() {
  useEffect(() => {
    if (api.value) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  }, [api.value]);
  if (failed.value) return <Notice icon="offline" tone="bad" title={tr('ref.failed')} actions={<Button variant="primary" onClick={load}>{tr('base.try_again')}</Button>} />;
  const found = api.value;
  const operations = found ? operationsOf(found) : [];
  const shown = matching(operations, words.value);
  return (
    <div class="reference">
      <nav class="reference-menu" aria-label={tr('ref.menu')}>
        <a class="reference-home" href="/console">{tr('ref.console')}</a>
        <input class="input" type="search" aria-label={tr('ref.filter')} placeholder={tr('ref.filter_placeholder')} value={words.value} data-test="filter" onInput={(event) => { words.value = event.currentTarget.value; }} />
        <Menu operations={shown} />
      </nav>
      <main class="reference-main" aria-busy={found === null}>
        <header class="stack">
          <div class="row between wrap"><h1>{tr('ref.title')}</h1><a class="button small" href={DESCRIPTION} download>{tr('ref.download')}</a></div>
          {found ? <><p class="s quiet">{tr('ref.version', { version: found.info.version })}</p><Prose text={found.info.description ?? ''} /></> : <Skeleton height={120} />}
        </header>
        {found && shown.length === 0 ? <p class="quiet" role="status">{tr('ref.nothing')}</p> : null}
        {found ? groupsOf(shown).map(([group, members]) => (
          <section key={group} class="stack group" aria-labelledby={`group-${group}`}>
            <h2 id={`group-${group}`}>{group}</h2>
            {members.map((one) => <OperationView key={one.id} operation={one} document={found} />)}
          </section>
        )) : null}
      </main>
      <Toasts />
    </div>
  );
}

function Menu({ operations }: { operations: readonly Operation[] }) {
  return (
    <div class="reference-list">
      {groupsOf(operations).map(([group, members]) => (
        <div key={group}>
          <strong class="xs">{group}</strong>
          <ul>{members.map((one) => <li key={one.id}><a href={`#${one.id}`}><span class="method" data-method={one.method}>{one.method}</span>{one.summary}</a></li>)}</ul>
        </div>
      ))}
    </div>
  );
}

const root = document.getElementById('app');
if (root) {
  load();
  void openText(loaders).then(() => { root.removeAttribute('aria-busy'); render(<Page />, root); });
}
