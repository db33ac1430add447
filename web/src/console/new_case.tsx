/** Opening a case by hand: the form, and the link that comes of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, newClientId, post } from '../base/api';
import type { CaseIn, CaseView } from '../base/protocol/case';
import type { Direction, Reason } from '../base/protocol/words';
import { endedLogin, failureWords } from '../base/sign_in';
import { LOCALES, LOCALE_NAMES } from '../base/text';
import { Button, Field, Icon, Select, TextArea } from '../base/ui';
import { begun, caseInOf, emptyDraft, emptyItem, faultsOf, serverFaults, unplacedWords, withItem, type CaseDraft } from './case_form';
import { Invite } from './invite';
import { ItemFields } from './item_fields';
import { follow, go } from './route';
import { t } from './text';

const REASONS: readonly Reason[] = ['damaged', 'defective', 'not_as_described', 'wrong_item', 'missing_parts', 'colour_differs', 'size_fit', 'changed_mind', 'other'];
const DIRECTIONS: readonly Direction[] = ['buyer_shows', 'warehouse_shows'];
const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'CNY', 'JPY', 'SEK', 'DKK', 'NOK', 'PLN', 'CZK'] as const;

interface Opened {
  case: CaseView;
  join_url: string;
  invitation: { locale: string; text: string };
}

export function NewCase({ onOpened }: { onOpened: () => void }) {
  const [opened, setOpened] = useState<Opened | null>(null);
  if (opened) return <Done opened={opened} onAnother={() => setOpened(null)} />;
  return <CaseForm onOpened={(answer) => { setOpened(answer); onOpened(); scrollTo(0, 0); }} />;
}

function useCaseForm(onOpened: (answer: Opened) => void) {
  const [draft, setDraft] = useState(emptyDraft);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<ReadonlyMap<string, string>>(new Map());
  const [failure, setFailure] = useState<string | null>(null);
  const sent = useRef({ body: '', key: '' });
  const faults = faultsOf(draft);
  const wrong = (field: string): string | null => {
    const fault = tried ? faults.get(field) : undefined;
    return fault ? t(fault) : (said.get(field) ?? null);
  };
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent): void => {
      if (begun(draft)) event.preventDefault();
    };
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [draft]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setTried(true);
    setFailure(null);
    if (busy) return;
    if (faults.size > 0) return focusFirstFault();
    const body: CaseIn = caseInOf(draft);
    const text = JSON.stringify(body);
    // The same body under the same key opens one case, however often the answer is lost.
    if (sent.current.body !== text) sent.current = { body: text, key: newClientId() };
    setBusy(true);
    try {
      onOpened(await post<Opened>('/api/v1/cases', body, { headers: { 'Idempotency-Key': sent.current.key }, timeoutMs: 30_000, retries: 1 }));
    } catch (error) {
      if (endedLogin(error)) return;
      if (error instanceof ApiError && error.problem?.errors) {
        const told = serverFaults(error.problem.errors);
        setSaid(told);
        focusFirstFault();
        setFailure(unplacedWords(told)[0] ?? failureWords(error));
        return;
      }
      setFailure(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const change = (next: Partial<CaseDraft>): void => {
    setDraft({ ...draft, ...next });
    if (said.size > 0) setSaid(new Map());
  };
  return { draft, change, wrong, submit, busy, failure, count: (tried ? faults.size : 0) + said.size };
}

/** After the rendering that marks the fields. */
function focusFirstFault(): void {
  setTimeout(() => document.querySelector<HTMLElement>('.case-form [aria-invalid=true]')?.focus(), 30);
}

function CaseForm({ onOpened }: { onOpened: (answer: Opened) => void }) {
  const { draft, change, wrong, submit, busy, failure, count } = useCaseForm(onOpened);
  return (
    <main class="page">
      <a class="button small plain back-link" href="/console" onClick={follow({})}><Icon name="back" />{t('console.back')}</a>
      <div><h1>{t('form.title')}</h1><p class="quiet">{t('form.intro')}</p></div>
      <form class="case-form" noValidate onSubmit={(event) => void submit(event)} data-test="case-form">
        <fieldset class="card stack">
          <legend>{t('form.order')}</legend>
          <div class="form-row">
            <Field label={t('form.order_number')} test="order-number" autocomplete="off" value={draft.orderNumber} error={wrong('order_number')} onInput={(event) => change({ orderNumber: event.currentTarget.value })} />
            <Select label={t('form.currency')} test="currency" value={draft.currency} onPick={(currency) => change({ currency })} options={CURRENCIES.map((value) => ({ value: value as string, label: value }))} error={wrong('currency')} />
          </div>
        </fieldset>
        <fieldset class="card stack">
          <legend>{t('form.buyer')}</legend>
          <div class="form-row">
            <Field label={t('form.name')} test="buyer-name" autocomplete="off" value={draft.name} error={wrong('buyer.name')} onInput={(event) => change({ name: event.currentTarget.value })} />
            <Field label={t('form.email')} type="email" test="buyer-email" autocomplete="off" value={draft.email} error={wrong('buyer.email')} onInput={(event) => change({ email: event.currentTarget.value })} />
          </div>
          <Select label={t('form.locale')} test="buyer-locale" value={draft.locale} onPick={(locale) => change({ locale })} options={LOCALES.filter((value) => value !== 'ar').map((value) => ({ value: value as string, label: LOCALE_NAMES[value] }))} error={wrong('buyer.locale')} />
        </fieldset>
        <fieldset class="card stack">
          <legend>{t('form.claim')}</legend>
          <Select label={t('form.reason')} test="claim-reason" value={draft.reason} onPick={(reason) => change({ reason })} options={REASONS.map((value) => ({ value, label: t(`reason.${value}`) }))} error={wrong('claim.reason')} />
          <TextArea label={t('form.words')} rows={3} test="claim-words" value={draft.words} error={wrong('claim.words')} onInput={(event) => change({ words: event.currentTarget.value })} />
          <div class="field" role="radiogroup" aria-label={t('form.direction')}>
            <span class="label">{t('form.direction')}</span>
            {DIRECTIONS.map((direction) => (
              <label key={direction} class="choice">
                <input type="radio" name="direction" value={direction} checked={draft.direction === direction} data-test={`direction-${direction}`} onChange={() => change({ direction })} />
                <span><strong>{t(`direction.${direction}`)}</strong> <span class="s quiet">{t(`form.direction_hint_${direction}`)}</span></span>
              </label>
            ))}
          </div>
        </fieldset>
        {draft.items.map((item, i) => (
          <ItemFields
            key={i} item={item} index={i} currency={draft.currency} wrong={wrong}
            onChange={(next) => change(withItem(draft, i, next))}
            onRemove={draft.items.length > 1 ? () => change({ items: draft.items.filter((_, at) => at !== i) }) : null}
          />
        ))}
        <div><Button icon="plus" onClick={() => change({ items: [...draft.items, emptyItem()] })} test="add-item">{t('form.add_item')}</Button></div>
        <div class="form-end">
          <p class="wrong" role="alert" data-test="form-error">{failure ? t('form.failed', { reason: failure }) : count > 0 ? t('form.mend', { count }) : ''}</p>
          <Button type="submit" variant="primary" size="large" busy={busy} test="open-case">{t('form.submit')}</Button>
        </div>
      </form>
    </main>
  );
}

function Done({ opened, onAnother }: { opened: Opened; onAnother: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { buyer, order_number: order, id } = opened.case;
  return (
    <main class="page" data-test="case-opened" data-case-id={id}>
      <div class="done-head">
        <Icon name="check" />
        <div>
          <h1 ref={heading} tabIndex={-1}>{t('done.title', { order: `#${order}` })}</h1>
          <p class="quiet">{t('done.hint', { name: buyer.name })}</p>
        </div>
      </div>
      <section class="card"><Invite joinUrl={opened.join_url} invitation={opened.invitation} email={buyer.email} orderNumber={order} expiresAt={opened.case.link.expires_at} /></section>
      <div class="row wrap">
        <Button onClick={() => go({ caseId: id })} test="go-to-case">{t('done.open_case')}</Button>
        <Button icon="plus" onClick={onAnother} test="another-case">{t('done.another')}</Button>
      </div>
    </main>
  );
}
