/** What belongs to a case's way back: parcels with their scans, labels, refunds by the payment service, carrier claims. */
import { useState } from 'preact/hooks';
import { post } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { dateAndTime, money } from '../base/time';
import { Button, Chip, Field, Select, toast } from '../base/ui';
import { useAct, useLoaded } from './asking';
import { fileInBase64 } from './file_text';
import { leftToRefund } from './moves';
import { t } from './text';
import { SCAN_STATUSES, type CarrierClaim, type PortRefund, type ScanStatus, type TrackedParcel, type Way } from './tracked';

export function TrackedCard({ view, onChanged }: { view: CaseView; onChanged: () => void }) {
  // Every change of the case is a new version: what belongs to it is read again then.
  const way = useLoaded<Way>(`/api/v1/cases/${encodeURIComponent(view.id)}/way?of=${view.version}`);
  const shown = way.value;
  const changed = (): void => { way.reload(); onChanged(); };
  if (shown === null) return way.failure ? <section class="card stack"><p role="alert">{t('tracked.failed', { reason: way.failure })}</p><div><Button onClick={way.reload}>{t('base.try_again')}</Button></div></section> : null;
  const mayLabel = shown.may_settle && view.moves.includes('give_label');
  const mayRefund = shown.may_settle && shown.ports.includes('refund') && (view.moves.includes('refund') || view.moves.includes('refund_partly'));
  if (shown.parcels.length + shown.labels.length + shown.refunds.length === 0 && !mayLabel && !mayRefund) return null;
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}`;
  return (
    <section class="card stack tracked" data-test="tracked" aria-labelledby="tracked-title">
      <h2 id="tracked-title">{t('tracked.title')}</h2>
      {shown.parcels.map((parcel) => (
        <ParcelPart key={parcel.id} parcel={parcel} path={path} maySettle={shown.may_settle} onChanged={changed}>
          <ClaimPart claim={shown.claims.find((one) => one.parcel_id === parcel.id) ?? null} parcel={parcel} path={path} currency={shown.currency} maySettle={shown.may_settle} onChanged={changed} />
        </ParcelPart>
      ))}
      {shown.labels.map((label) => (
        <p key={label.id} class="row wrap s" data-test="tracked-label" data-state={label.state}>
          <span>{t('tracked.label')}</span>
          <Chip tone={label.state === 'made' ? 'proof' : label.state === 'refused' ? 'warn' : 'plain'}>{t(`tracked.label_${label.state}`)}</Chip>
          {label.state === 'made' ? <a href={`${path}/labels/${label.id}`} download data-test="label-file">{t('tracked.download')}</a> : null}
          {label.why ? <bdi class="quiet">{label.why}</bdi> : null}
        </p>
      ))}
      {mayLabel ? <LabelPart path={path} way={shown} onChanged={changed} /> : null}
      {shown.refunds.map((refund) => <RefundPart key={refund.id} refund={refund} path={path} maySettle={shown.may_settle} onChanged={changed} />)}
      {mayRefund ? <RefundForm view={view} path={path} onChanged={changed} /> : null}
    </section>
  );
}

function ParcelPart({ parcel, path, maySettle, onChanged, children }: { parcel: TrackedParcel; path: string; maySettle: boolean; onChanged: () => void; children: preact.ComponentChildren }) {
  const facts = [parcel.carrier, parcel.tracking_number].filter(Boolean).join(' · ');
  return (
    <div class="stack tracked-parcel" data-test="tracked-parcel" data-way={parcel.way}>
      <p class="row wrap">
        <strong>{t(`way.parcel_${parcel.way}`)}</strong>
        {parcel.status ? <Chip tone={parcel.status === 'delivered' ? 'proof' : 'plain'} test="parcel-status">{t(`scan.${parcel.status}`)}</Chip> : null}
        {parcel.anomaly ? <Chip tone="warn" test="parcel-anomaly">{t(`anomaly.${parcel.anomaly}`)}</Chip> : null}
      </p>
      {facts ? <p class="s"><bdi class="num">{facts}</bdi></p> : null}
      {parcel.address ? <p class="s quiet lines" dir="auto" data-test="parcel-address">{parcel.address}</p> : null}
      {parcel.label_url ? <p class="s"><a href={parcel.label_url} target="_blank" rel="noopener noreferrer">{t('way.label')}</a></p> : null}
      <p class="xs faint" data-test="parcel-when">{whenWords(parcel)}</p>
      {parcel.scans.length > 0 ? (
        <ol class="scans" data-test="scans-timeline">
          {[...parcel.scans].reverse().map((scan) => (
            <li key={`${scan.at}${scan.status}${scan.place}`} class="s">
              <strong>{t(`scan.${scan.status}`)}</strong> <bdi class="quiet">{scan.place}</bdi>
              <time class="xs faint num" datetime={scan.at}>{dateAndTime(scan.at)}</time>
            </li>
          ))}
        </ol>
      ) : <p class="s quiet">{t('scan.none')}</p>}
      {parcel.asked ? <p class="xs faint">{t('scan.asked', { words: parcel.asked })}</p> : null}
      {maySettle ? <ScanForm path={`${path}/parcels/${parcel.id}/scans`} onChanged={onChanged} /> : null}
      {children}
    </div>
  );
}

function whenWords(parcel: TrackedParcel): string {
  if (parcel.received_at) return t('way.received_on', { when: dateAndTime(parcel.received_at) });
  return parcel.shipped_at ? t('way.shipped_on', { when: dateAndTime(parcel.shipped_at) }) : t('way.not_shipped');
}

function ScanForm({ path, onChanged }: { path: string; onChanged: () => void }) {
  const [status, setStatus] = useState<ScanStatus>('in_transit');
  const [place, setPlace] = useState('');
  const [busy, act] = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void act(async () => {
      await post(path, { status, ...(place.trim() ? { place: place.trim() } : {}) });
      toast(t('way.done'));
      setPlace('');
      onChanged();
    });
  };
  return (
    <details>
      <summary data-test="note-scan">{t('scan.note')}</summary>
      <form class="stack" onSubmit={send}>
        <Select<ScanStatus> label={t('scan.status')} value={status} onPick={setStatus} test="scan-status" options={SCAN_STATUSES.map((value) => ({ value, label: t(`scan.${value}`) }))} />
        <Field label={t('scan.place')} value={place} maxLength={100} test="scan-place" onInput={(event) => setPlace(event.currentTarget.value)} />
        <div><Button type="submit" busy={busy} test="save-scan">{t('scan.save')}</Button></div>
      </form>
    </details>
  );
}

function LabelPart({ path, way, onChanged }: { path: string; way: Way; onChanged: () => void }) {
  const [number, setNumber] = useState('');
  const [busy, act] = useAct();
  const done = (): void => { toast(t('way.done')); onChanged(); };
  const upload = (file: File | undefined): void => {
    if (file === undefined) return;
    void act(async () => {
      await post(`${path}/labels/upload`, { content: await fileInBase64(file), ...(number.trim() ? { tracking_number: number.trim() } : {}) });
      done();
    });
  };
  if (way.return_address === null) return <p class="s quiet" data-test="no-address">{t('tracked.no_address')} <a href="/console/integrations">{t('console.integrations')}</a></p>;
  return (
    <div class="stack">
      {way.ports.includes('label') ? <div><Button variant="primary" busy={busy} test="order-label" onClick={() => void act(async () => { await post(`${path}/labels`); done(); })}>{t('tracked.order_label')}</Button></div> : null}
      <details open={!way.ports.includes('label')}>
        <summary data-test="label-by-hand">{t('tracked.upload')}</summary>
        <div class="stack">
          <Field label={t('tracked.number')} value={number} maxLength={64} test="label-number" onInput={(event) => setNumber(event.currentTarget.value)} />
          <label class="button port-file" aria-busy={busy}>{t('tracked.choose')}<input class="sr" type="file" accept=".pdf,.png,.zpl" disabled={busy} data-test="label-upload" onChange={(event) => { upload(event.currentTarget.files?.[0]); event.currentTarget.value = ''; }} /></label>
        </div>
      </details>
    </div>
  );
}

function RefundPart({ refund, path, maySettle, onChanged }: { refund: PortRefund; path: string; maySettle: boolean; onChanged: () => void }) {
  const [reference, setReference] = useState('');
  const [busy, act] = useAct();
  const settle = (refunded: boolean): void => void act(async () => {
    await post(`${path}/refunds/${refund.id}/settle`, { refunded, ...(reference.trim() ? { reference: reference.trim() } : {}) });
    onChanged();
  });
  const tone = refund.state === 'confirmed' ? 'proof' : refund.state === 'refused' || refund.state === 'unclear' ? 'warn' : 'plain';
  return (
    <div class="stack" data-test="port-refund" data-state={refund.state}>
      <p class="row wrap s"><strong>{t('refund.of', { amount: money(refund.amount, refund.currency) })}</strong><Chip tone={tone}>{t(`refund.${refund.state}`)}</Chip>{refund.remote_id ? <span class="quiet num">{refund.remote_id}</span> : null}</p>
      {refund.why ? <p class="s quiet">{refund.why}</p> : null}
      {refund.state === 'unclear' && maySettle ? (
        <>
          <p class="s">{t('refund.unclear_words')}</p>
          <Field label={t('refund.reference')} value={reference} maxLength={100} test="refund-reference" onInput={(event) => setReference(event.currentTarget.value)} />
          <div class="row wrap"><Button busy={busy} test="refund-happened" onClick={() => settle(true)}>{t('refund.happened')}</Button><Button busy={busy} test="refund-not" onClick={() => settle(false)}>{t('refund.not')}</Button></div>
        </>
      ) : null}
    </div>
  );
}

function RefundForm({ view, path, onChanged }: { view: CaseView; path: string; onChanged: () => void }) {
  const [amount, setAmount] = useState(leftToRefund(view));
  const [busy, act] = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void act(async () => {
      await post(`${path}/refunds`, { amount: amount.trim(), currency: view.currency });
      toast(t('way.done'));
      onChanged();
    });
  };
  return (
    <details>
      <summary data-test="refund-by-port">{t('refund.by_port')}</summary>
      <form class="stack" onSubmit={send}>
        <Field label={t('refund.amount', { currency: view.currency })} inputMode="decimal" value={amount} maxLength={13} test="refund-amount" onInput={(event) => setAmount(event.currentTarget.value)} />
        <div><Button type="submit" variant="primary" busy={busy} test="order-refund">{t('refund.order')}</Button></div>
      </form>
    </details>
  );
}

function ClaimPart({ claim, parcel, path, currency, maySettle, onChanged }: { claim: CarrierClaim | null; parcel: TrackedParcel; path: string; currency: string; maySettle: boolean; onChanged: () => void }) {
  const [text, setText] = useState('');
  const [busy, act] = useAct();
  const ask = (to: string, body: unknown): void => void act(async () => { await post(`${path}/carrier-claims${to}`, body); setText(''); onChanged(); });
  if (claim === null) return maySettle ? <div><Button size="small" busy={busy} test="open-claim" onClick={() => ask('', { parcel_id: parcel.id })}>{t('carrier.open')}</Button></div> : null;
  const input = (label: string) => <Field label={label} value={text} maxLength={100} test="claim-text" onInput={(event) => setText(event.currentTarget.value)} />;
  return (
    <div class="stack" data-test="carrier-claim" data-state={claim.state}>
      <p class="row wrap s"><strong>{t('carrier.title')}</strong><Chip tone={claim.state === 'accepted' ? 'proof' : claim.state === 'refused' ? 'warn' : 'note'}>{t(`carrier.${claim.state}`)}</Chip>{claim.reference ? <span class="quiet num">{claim.reference}</span> : null}{claim.amount ? <span class="num">{money(claim.amount, currency)}</span> : null}</p>
      {claim.note ? <p class="s quiet" dir="auto">{claim.note}</p> : null}
      {maySettle && (claim.state === 'to_file' || claim.state === 'refused') ? <>{input(t('carrier.reference'))}<div><Button size="small" busy={busy} test="file-claim" onClick={() => ask(`/${claim.id}/file`, { reference: text.trim() })}>{t('carrier.file')}</Button></div></> : null}
      {maySettle && claim.state === 'filed' ? (
        <>
          {input(t('carrier.amount', { currency }))}
          <div class="row wrap"><Button size="small" busy={busy} test="accept-claim" onClick={() => ask(`/${claim.id}/answer`, { amount: text.trim() })}>{t('carrier.pays')}</Button><Button size="small" busy={busy} test="refuse-claim" onClick={() => ask(`/${claim.id}/answer`, { amount: null })}>{t('carrier.refuses')}</Button></div>
        </>
      ) : null}
    </div>
  );
}
