/** On a case's page: what its buyer was told, what comes next, and where the buyer is reached. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, put } from '../../base/api';
import type { CaseView } from '../../base/protocol/case';
import { endedLogin, staff } from '../../base/sign_in';
import { addText } from '../../base/text';
import { serverNowMs } from '../../base/time';
import { Button, Dialog, Field, IconButton, Select, Skeleton, toast } from '../../base/ui';
import { everyPage, useAct, useLoaded } from '../asking';
import { t } from '../text';
import { NoticeRow, PlannedRow } from './notice_row';
import { isMoving, MESSENGERS, type Contact, type Messenger, type Notice, type Planned } from './shapes';
import { noticesWords, tn } from './text';
import './notices.css';

const SHOWN = 3;
const LOOK_AGAIN_MS = 4000;

interface Told {
  readonly items: readonly Notice[];
  readonly planned: readonly Planned[];
  readonly next_cursor: string | null;
}

export function ToldCard({ view }: { view: CaseView }) {
  const [ready, setReady] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  const [failed, setFailed] = useState(false);
  const [hidden, setHidden] = useState(false);
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}/notices`;
  const load = async (): Promise<void> => {
    try {
      const [found] = await Promise.all([everyPage<Told>(path), addText(noticesWords)]);
      setTold(found);
      setReady(true);
      setFailed(false);
    } catch (error) {
      // Who may not read what is told has no card.
      if (error instanceof ApiError && error.status === 403) setHidden(true);
      else if (!endedLogin(error)) setFailed(true);
    }
  };
  useEffect(() => void load(), [view.id, view.version, view.updated_at]);
  const moving = told?.items.some((one) => isMoving(one, serverNowMs())) ?? false;
  useEffect(() => {
    if (!moving) return;
    const again = setInterval(() => void load(), LOOK_AGAIN_MS);
    return () => clearInterval(again);
  }, [moving]);
  if (hidden) return null;
  if (!ready || told === null) {
    return failed ? <section class="card stack"><p role="alert">{t('base.error_network')}</p><div><Button onClick={() => void load()}>{t('base.try_again')}</Button></div></section> : <Skeleton height={96} />;
  }
  const roles = staff.value?.organisation.kind === 'tenant' ? staff.value.roles : [];
  const mayAct = roles.includes('admin') || roles.includes('agent');
  const replace = (now: Notice): void => setTold((before) => (before === null ? null : { ...before, items: before.items.map((one) => (one.id === now.id ? now : one)) }));
  const rows = (of: readonly Notice[]) => <ul class="notice-rows">{of.map((one) => <NoticeRow key={one.id} notice={one} ofCase mayAct={mayAct} onChanged={replace} />)}</ul>;
  return (
    <section class="card stack told-card" data-test="told-card" aria-labelledby="told-title">
      <h2 id="told-title">{tn('notice.told')}</h2>
      {told.planned.length > 0 ? <ul class="notice-rows notice-planned">{told.planned.map((one) => <PlannedRow key={one.id} planned={one} mayAct={mayAct} onChanged={() => void load()} />)}</ul> : null}
      {told.items.length === 0 ? <p class="s quiet">{tn('notice.nothing_told')}</p> : rows(told.items.slice(0, SHOWN))}
      {told.items.length > SHOWN ? <details><summary class="s">{tn('notice.earlier', { count: told.items.length - SHOWN })}</summary>{rows(told.items.slice(SHOWN))}</details> : null}
      <Reached view={view} mayAct={mayAct && view.state !== 'closed'} />
    </section>
  );
}

function Reached({ view, mayAct }: { view: CaseView; mayAct: boolean }) {
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}/contacts`;
  const contacts = useLoaded<{ items: readonly Contact[] }>(path);
  const [adding, setAdding] = useState(false);
  const [busy, act] = useAct();
  if (contacts.value === null) return null;
  const { items } = contacts.value;
  const drop = (kind: Messenger): void => void act(async () => {
    await call<undefined>('DELETE', `${path}/${kind}`);
    contacts.reload();
  });
  return (
    <div class="stack tight" data-test="reached">
      <p class="s">
        {items.length === 0 && !view.buyer.email ? <strong data-test="no-way">{tn('notice.no_way')}</strong> : tn('notice.reached')}
      </p>
      <ul class="notice-contacts s">
        {items.map((one) => (
          <li key={one.kind} class="row between" data-test={`contact-${one.kind}`}>
            <span>{tn(`notice.channel.${one.kind}`)} <bdi class="num quiet">{one.address}</bdi></span>
            {mayAct ? <IconButton icon="close" variant="plain" size="small" busy={busy} label={tn('notice.forget', { channel: tn(`notice.channel.${one.kind}`) })} test={`forget-${one.kind}`} onClick={() => drop(one.kind)} /> : null}
          </li>
        ))}
        {view.buyer.email ? <li>{tn('notice.channel.email')} <bdi class="quiet">{view.buyer.email}</bdi></li> : null}
      </ul>
      {mayAct ? <div><Button size="small" icon="plus" test="add-contact" onClick={() => setAdding(true)}>{tn('notice.add_way')}</Button></div> : null}
      {adding ? <ContactDialog path={path} onClose={() => setAdding(false)} onSaved={() => { setAdding(false); contacts.reload(); }} /> : null}
    </div>
  );
}

function ContactDialog({ path, onClose, onSaved }: { path: string; onClose: () => void; onSaved: () => void }) {
  const [kind, setKind] = useState<Messenger>('whatsapp');
  const [address, setAddress] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, act] = useAct();
  const save = (): void => void act(async () => {
    setRefusal(null);
    try {
      await put(`${path}/${kind}`, { address: address.trim() });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 422) throw error;
      setRefusal(tn(`notice.bad_address_${kind}`));
      return;
    }
    toast(tn('notice.saved'));
    onSaved();
  });
  return (
    <Dialog title={tn('notice.add_way')} onClose={onClose} test="contact-dialog"
      actions={<><Button onClick={onClose}>{tn('base.cancel')}</Button><Button variant="primary" busy={busy} test="save-contact" onClick={save}>{tn('notice.save')}</Button></>}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); save(); }}>
        <Select<Messenger> label={tn('notice.channel')} test="contact-kind" value={kind} onPick={(next) => { setKind(next); setRefusal(null); }} options={MESSENGERS.map((value) => ({ value, label: tn(`notice.channel.${value}`) }))} />
        <Field label={tn(`notice.try_address_${kind}`)} dir="ltr" maxLength={200} autocomplete="off" value={address} test="contact-address" error={refusal} onInput={(event) => setAddress(event.currentTarget.value)} />
        <p class="s quiet">{tn('notice.add_way_words')}</p>
      </form>
    </Dialog>
  );
}
