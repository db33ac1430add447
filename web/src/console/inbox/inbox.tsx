/** The inbox: what is shown, saved filters, the list, and what is done to many cases at once. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CaseState, Reason } from '../../base/protocol/words';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { languageName } from '../../base/time';
import { Button, Dialog, Field, Icon, Select, Switch, toast } from '../../base/ui';
import { CaseList, STATES } from '../../staff/case_list';
import type { Narrowed } from '../../staff/case_search';
import { addressOf, go, route } from '../route';
import { LANGUAGES } from '../scripts';
import { useShortcuts } from '../shortcuts';
import { t } from '../text';
import { BulkBar } from './bulk_bar';
import { COUNTED_TO, sameFilter, type SavedFilter } from './filters';
import { filters, refreshInbox, search } from './state';
import './inbox.css';

const picked = signal<ReadonlySet<string>>(new Set());
const REASONS: readonly Reason[] = ['damaged', 'defective', 'not_as_described', 'wrong_item', 'missing_parts', 'colour_differs', 'size_fit', 'changed_mind', 'other'];

function pick(id: string): void {
  const next = new Set(picked.peek());
  if (!next.delete(id)) next.add(id);
  picked.value = next;
}

const rows = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>('.list-pane a.case-row')];

/** Move among the rows from the one that has the focus, or else from the case that is shown. */
function step(by: 1 | -1): void {
  const all = rows();
  const focused = all.findIndex((row) => row === document.activeElement);
  const here = focused >= 0 ? focused : all.findIndex((row) => row.ariaCurrent === 'true');
  all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + by))]?.focus();
}

export function Inbox({ selectedId }: { selectedId: string | null }) {
  const mayArrange = staff.value?.organisation.kind === 'tenant' && staff.value.roles.some((role) => role === 'agent' || role === 'admin');
  useEffect(() => void filters.load(), []);
  useShortcuts([
    { keys: 'j', words: () => t('keys.down'), run: () => step(1) },
    { keys: 'k', words: () => t('keys.up'), run: () => step(-1) },
    ...(mayArrange ? [{ keys: 'x', words: () => t('keys.pick'), run: () => {
      const id = (document.activeElement as HTMLElement | null)?.dataset['caseId'] ?? route.peek().caseId;
      if (id) pick(id);
    } }] : []),
    { keys: 'g i', words: () => t('keys.inbox'), run: () => { go({}); requestAnimationFrame(() => rows()[0]?.focus()); } },
  ]);
  const shown = new Set(search.items.value.map((item) => item.id));
  const chosen = new Set([...picked.value].filter((id) => shown.has(id)));
  return (
    <CaseList
      search={search} selectedId={selectedId} marks
      hrefOf={(item) => addressOf({ caseId: item.id })} onOpen={(item) => go({ caseId: item.id })}
      filters={<Narrowing />}
      above={mayArrange && chosen.size > 0 ? <BulkBar picked={chosen} all={[...shown]} onPick={(ids) => { picked.value = new Set(ids); }} onDone={refreshInbox} /> : null}
      {...(mayArrange ? { picked: chosen, onPick: pick } : {})}
    />
  );
}

/** Views and saved filters, one tap each, for the rail or above the list. */
export function Views({ onShown }: { onShown: () => void }) {
  const wanted = search.wanted;
  const show = (narrowed: Narrowed): void => {
    search.show(narrowed);
    onShown();
  };
  return (
    <div class="views" data-test="views">
      {filters.views.value.map((view) => (
        <ViewButton key={view.name} test={`view-${view.name}`} name={t(`view.${view.name}`)} count={view.count} on={sameFilter(view.wanted, wanted)} onClick={() => show(view.wanted)} />
      ))}
      {filters.saved.value.map((saved) => <Saved key={saved.id} saved={saved} on={sameFilter(saved.wanted, wanted)} onShow={() => show(saved.wanted)} />)}
    </div>
  );
}

/** The same where the rail has no room for words: closed, it says what is shown. */
export function ViewsMenu() {
  const menu = useRef<HTMLDetailsElement>(null);
  const wanted = search.wanted;
  const view = filters.views.value.find((one) => sameFilter(one.wanted, wanted));
  const saved = filters.saved.value.find((one) => sameFilter(one.wanted, wanted));
  const name = view ? t(`view.${view.name}`) : (saved?.name ?? t('filter.other'));
  return (
    <details ref={menu} class="views-menu">
      <summary data-test="views-menu"><strong class="grow">{name}</strong>{view ?? saved ? <span class="num count">{countWords((view ?? saved)?.count ?? 0)}</span> : null}</summary>
      <Views onShown={() => { if (menu.current) menu.current.open = false; }} />
    </details>
  );
}

function countWords(count: number): string {
  return count >= COUNTED_TO ? `${COUNTED_TO - 1}+` : String(count);
}

function ViewButton({ name, count, on, test, shared, onClick }: { name: string; count: number; on: boolean; test: string; shared?: boolean; onClick: () => void }) {
  return (
    <button type="button" class="rail-item view" aria-pressed={on} data-test={test} onClick={onClick}>
      <span class="grow">{name}{shared ? <Icon name="users" /> : null}</span>
      <span class="num count">{countWords(count)}</span>
    </button>
  );
}

function Saved({ saved, on, onShow }: { saved: SavedFilter; on: boolean; onShow: () => void }) {
  const forget = async (): Promise<void> => {
    try {
      await filters.forget(saved);
      const back = (): void => void filters.save(saved.name, saved.shared, saved.wanted).catch(failed);
      toast(t('filter.forgotten', { name: saved.name }), { label: t('undo.undo'), run: back });
    } catch (error) {
      failed(error);
    }
  };
  return (
    <span class="saved">
      <ViewButton test="saved-filter" name={saved.name} count={saved.count} on={on} shared={saved.shared} onClick={onShow} />
      {saved.editable ? <button type="button" class="saved-drop" aria-label={t('filter.forget', { name: saved.name })} data-test="forget-filter" onClick={() => void forget()}><Icon name="close" /></button> : null}
    </span>
  );
}

function failed(error: unknown): void {
  if (!endedLogin(error)) toast(failureWords(error));
}

function Narrowing() {
  const wanted = search.narrowed.value;
  const [saving, setSaving] = useState(false);
  const any = { value: '' as const };
  return (
    <>
      <details class="narrowing">
        <summary data-test="narrow">{t('filter.narrow')}{search.changed ? <span class="dot" aria-label={t('filter.on')} /> : null}</summary>
        <div class="form-row">
          <Select<CaseState | ''> label={t('cases.state')} test="case-state" value={wanted.state ?? ''} onPick={(state) => search.narrow({ state: state || undefined })} options={[{ ...any, label: t('cases.all_states') }, ...STATES.map((value) => ({ value, label: t(`state.${value}`) }))]} />
          <Select<Reason | ''> label={t('form.reason')} test="case-reason" value={wanted.reason ?? ''} onPick={(reason) => search.narrow({ reason: reason || undefined })} options={[{ ...any, label: t('filter.any') }, ...REASONS.map((value) => ({ value, label: t(`reason.${value}`) }))]} />
          <Select label={t('thread.language')} test="case-language" value={wanted.language ?? ''} onPick={(language) => search.narrow({ language: language || undefined })} options={[{ ...any, label: t('filter.any') }, ...LANGUAGES.map((value) => ({ value, label: languageName(value) }))]} />
          <Select<'changed' | 'due'> label={t('filter.sort')} test="case-sort" value={wanted.sort ?? 'changed'} onPick={(sort) => search.narrow({ sort })} options={[{ value: 'changed', label: t('filter.sort_changed') }, { value: 'due', label: t('filter.sort_due') }]} />
          <TagField />
          <WarehouseSelect />
        </div>
      </details>
      {search.changed ? (
        <div class="row wrap narrowed">
          <Button size="small" variant="plain" test="save-filter" icon="plus" onClick={() => setSaving(true)}>{t('filter.save')}</Button>
          <Button size="small" variant="plain" test="clear-filter" icon="close" onClick={() => search.clear()}>{t('filter.clear')}</Button>
        </div>
      ) : null}
      {saving ? <SaveDialog onClose={() => setSaving(false)} /> : null}
    </>
  );
}

function TagField() {
  return <Field label={t('tags.tag')} test="case-tag" maxLength={40} value={search.narrowed.value.tag ?? ''} onChange={(event) => search.narrow({ tag: event.currentTarget.value.trim().toLowerCase() || undefined })} />;
}

/** The warehouses of the cases that were seen: a seller has a handful. */
function WarehouseSelect() {
  const known = warehouses.value;
  const wanted = search.narrowed.value.warehouse;
  useEffect(() => { learnWarehouses(); }, [search.items.value]);
  if (known.size < 2 && wanted === undefined) return null;
  return <Select label={t('filter.warehouse')} test="case-warehouse" value={wanted ?? ''} onPick={(warehouse) => search.narrow({ warehouse: warehouse || undefined })} options={[{ value: '', label: t('filter.any') }, ...[...known].map(([value, label]) => ({ value, label }))]} />;
}

const warehouses = signal<ReadonlyMap<string, string>>(new Map());

function learnWarehouses(): void {
  const known = new Map(warehouses.peek());
  for (const { warehouse_id: id, warehouse_name: name } of search.items.peek()) if (id && name) known.set(id, name);
  if (known.size > warehouses.peek().size) warehouses.value = known;
}

function SaveDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const save = async (): Promise<void> => {
    if (!name.trim()) return;
    try {
      await filters.save(name.trim(), shared, search.wanted);
      toast(t('filter.saved', { name: name.trim() }));
      onClose();
    } catch (error) {
      failed(error);
    }
  };
  return (
    <Dialog title={t('filter.save')} onClose={onClose} test="save-filter-dialog" actions={<><Button onClick={onClose}>{t('base.cancel')}</Button><Button variant="primary" disabled={!name.trim()} test="save-filter-yes" onClick={() => void save()}>{t('filter.save')}</Button></>}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <Field autofocus label={t('filter.name')} test="filter-name" maxLength={60} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <Switch label={t('filter.share')} on={shared} onToggle={setShared} test="filter-shared" />
      </form>
    </Dialog>
  );
}
