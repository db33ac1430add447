/** The integrations page: ports, return addresses, and a table of scans. */
import { useState } from 'preact/hooks';
import { post, put } from '../../base/api';
import { staff } from '../../base/sign_in';
import { Button, Icon, Skeleton, TextArea, toast } from '../../base/ui';
import { useAct, useLoaded } from '../asking';
import { fileInBase64 } from '../file_text';
import { PortCard } from './port_card';
import type { Port, ReturnAddress, ScansTaken } from './shapes';
import { ti } from './text';
import './integrations.css';

export function IntegrationsPage() {
  const person = staff.value;
  if (person?.organisation.kind !== 'tenant' || !person.roles.includes('admin')) {
    return <main class="page nothing"><div class="notice"><Icon name="lock" /><h1>{ti('port.title')}</h1><p class="quiet">{ti('port.not_yours')}</p></div></main>;
  }
  return <Integrations />;
}

function Integrations() {
  const ports = useLoaded<{ items: Port[] }>('/api/v1/ports');
  const book = useLoaded<{ items: ReturnAddress[] }>('/api/v1/return-addresses');
  const failure = ports.failure ?? book.failure;
  return (
    <main class="page ports" data-test="integrations">
      <header class="stack tight"><h1>{ti('port.title')}</h1><p class="quiet">{ti('port.intro')}</p></header>
      {failure ? <p role="alert">{ti('port.failed', { reason: failure })} <Button size="small" onClick={() => { ports.reload(); book.reload(); }}>{ti('base.try_again')}</Button></p> : null}
      <div class="port-columns">
        <div class="stack wide-gap">
          {ports.value === null && failure === null ? <Skeleton height={300} /> : null}
          {ports.value?.items.map((port) => <PortCard key={port.kind} port={port} onSaved={ports.reload} />)}
        </div>
        <div class="stack wide-gap">
          {book.value ? <Addresses items={book.value.items} onSaved={book.reload} /> : null}
          <Scans />
        </div>
      </div>
    </main>
  );
}

function Addresses({ items, onSaved }: { items: readonly ReturnAddress[]; onSaved: () => void }) {
  return (
    <section class="card stack" aria-labelledby="addresses-title" data-test="addresses">
      <h2 id="addresses-title">{ti('port.addresses')}</h2>
      <p class="quiet">{ti('port.addresses_words')}</p>
      {items.map((one) => <AddressForm key={one.place} one={one} onSaved={onSaved} />)}
    </section>
  );
}

function AddressForm({ one, onSaved }: { one: ReturnAddress; onSaved: () => void }) {
  const [text, setText] = useState(one.address ?? '');
  const [busy, act] = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void act(async () => {
      await put(`/api/v1/return-addresses/${encodeURIComponent(one.place)}`, { address: text.trim() });
      toast(ti('port.saved'));
      onSaved();
    });
  };
  const changed = text.trim() !== '' && text.trim() !== (one.address ?? '');
  const test = one.place === 'own' ? 'own' : 'warehouse';
  return (
    <form class="stack tight" onSubmit={send}>
      <TextArea label={one.place === 'own' ? ti('port.own') : one.name} rows={3} maxLength={1000} dir="auto" value={text} test={`address-${test}`} onInput={(event) => setText(event.currentTarget.value)} />
      {changed ? <div class="row port-end"><Button type="submit" busy={busy} test={`save-address-${test}`}>{ti('port.save')}</Button></div> : null}
    </form>
  );
}

function Scans() {
  const [told, setTold] = useState<ScansTaken | null>(null);
  const [busy, act] = useAct();
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    setTold(null);
    void act(async () => {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      setTold(await post<ScansTaken>('/api/v1/scans/import', { content: await fileInBase64(file), zone: timeZone }));
    });
  };
  return (
    <section class="card stack" aria-labelledby="scans-title" data-test="scans">
      <h2 id="scans-title">{ti('port.scans')}</h2>
      <p class="quiet">{ti('port.scans_words')}</p>
      <label class="button port-file" aria-busy={busy}>
        {ti('port.scans_file')}
        <input class="sr" type="file" accept=".csv,.txt,text/csv" data-test="scans-file" disabled={busy} onChange={(event) => { take(event.currentTarget.files?.[0]); event.currentTarget.value = ''; }} />
      </label>
      {told ? (
        <div class="stack tight" role="status" data-test="scans-told">
          <p><strong>{ti('port.scans_done', { count: told.kept })}</strong> {told.known > 0 ? ti('port.scans_known', { count: told.known }) : null}</p>
          {told.problems.length > 0 ? (
            <>
              <p>{ti('port.scans_bad', { count: told.problems.length })}</p>
              <ul class="port-problems s">{told.problems.slice(0, 20).map((one) => <li key={`${one.line}-${one.why}`} dir="auto">{ti('port.scans_line', { line: one.line, why: one.why })}</li>)}</ul>
              {told.rest ? <p><a class="button small" download="scans-to-mend.csv" href={`data:text/csv;charset=utf-8,${encodeURIComponent(`\uFEFF${told.rest}`)}`} data-test="scans-rest">{ti('port.scans_rest')}</a></p> : null}
            </>
          ) : null}
        </div>
      ) : null}
    </section>
  );
}
