/** The list of cases with its search: rows are links, arrows move between them. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CaseSummary } from '../base/protocol/case';
import type { CaseState } from '../base/protocol/words';
import { endedLogin, failureWords } from '../base/sign_in';
import { ago } from '../base/time';
import { Button, Chip, Select, Skeleton, Switch, type Tone } from '../base/ui';
import type { CaseSearch } from './case_search';
import { DueChip } from './due_chip';
import { Picture } from './picture';
import { ts } from './text';
import './staff.css';

export const STATES: readonly CaseState[] = ['filed', 'keep_offered', 'inspection_offered', 'waiting', 'live', 'inspected', 'decided', 'label_given', 'shipped', 'received', 'checked', 'resolved', 'refunded', 'partly_refunded', 'exchanged', 'sent_back', 'rejected', 'appealed', 'disputed', 'closed'];

export function toneOf(state: CaseState): Tone {
  if (state === 'live') return 'live';
  if (state === 'waiting') return 'warn';
  if (state === 'decided') return 'proof';
  return state === 'inspected' ? 'note' : 'plain';
}

export interface CaseListProps {
  search: CaseSearch;
  hrefOf: (summary: CaseSummary) => string;
  selectedId?: string | null;
  onOpen: (summary: CaseSummary) => void;
  /** What narrows the list, below the words; without it the state alone does. */
  filters?: ComponentChildren;
  /** For those who do something to many cases at once: which are picked. */
  picked?: ReadonlySet<string>;
  onPick?: (id: string) => void;
  /** Between the search and the rows. */
  above?: ComponentChildren;
  /** Unread marks, whose they are, tags. */
  marks?: boolean;
}

export function CaseList(props: CaseListProps) {
  const { search } = props;
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void search.load();
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || typing || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [search]);
  const failure = search.failure.value;
  useEffect(() => void endedLogin(failure), [failure]);
  const onArrow = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || (event.target instanceof HTMLElement && event.target.matches('select'))) return;
    const rows = [...(list.current?.querySelectorAll<HTMLAnchorElement>('a.case-row') ?? [])];
    const here = rows.findIndex((row) => row === document.activeElement);
    event.preventDefault();
    if (here + step < 0) input.current?.focus();
    else rows[Math.min(rows.length - 1, here + step)]?.focus();
  };
  return (
    <div class="case-list" onKeyDown={onArrow}>
      <div class="case-search" role="search">
        <input
          ref={input} class="input" type="search" data-test="case-search" aria-label={ts('cases.search')}
          placeholder={ts('cases.search_placeholder')} value={search.words} onInput={(event) => search.setWords(event.currentTarget.value)}
        />
        {props.filters ?? (
          <div class="row wrap case-filters">
            <Select<CaseState | ''>
              label={ts('cases.state')} hideLabel test="case-state" value={search.narrowed.value.state ?? ''} onPick={(state) => search.narrow({ state: state || undefined })}
              options={[{ value: '', label: ts('cases.all_states') }, ...STATES.map((value) => ({ value, label: ts(`state.${value}`) }))]}
            />
            <Switch label={ts('cases.only_recorded')} on={search.recorded.value} onToggle={(on) => search.setRecorded(on)} test="only-recorded" />
          </div>
        )}
      </div>
      {props.above}
      <div ref={list} class="case-rows" role="region" aria-label={ts('cases.list')} aria-busy={search.status.value === 'loading'}>
        <Rows {...props} />
      </div>
    </div>
  );
}

function Rows(props: CaseListProps) {
  const { search } = props;
  const status = search.status.value;
  const items = search.items.value;
  if (status === 'loading' && items.length === 0) {
    return <div class="stack case-waiting" data-test="cases-loading">{Array.from({ length: 6 }, (_, i) => <Skeleton key={i} height={64} />)}</div>;
  }
  if (status === 'failed') {
    return (
      <div class="case-none" role="alert" data-test="cases-failed">
        <h2>{ts('cases.failed')}</h2>
        <p class="quiet">{failureWords(search.failure.value)}</p>
        <Button onClick={() => void search.load()}>{ts('base.try_again')}</Button>
      </div>
    );
  }
  if (items.length === 0) {
    return (
      <div class="case-none" data-test="cases-empty">
        <h2>{ts('cases.none')}</h2>
        <p class="quiet">{ts('cases.none_hint')}</p>
        {search.changed ? <Button onClick={() => search.clear()}>{ts('cases.clear')}</Button> : null}
      </div>
    );
  }
  return (
    <>
      <p class="sr" role="status">{ts('cases.count', { count: items.length })}</p>
      {items.map((item) => (
        <Row key={item.id} item={item} list={props} />
      ))}
      {search.cursor.value !== null ? (
        <div class="case-more"><Button busy={status === 'more'} onClick={() => void search.more()} test="cases-more">{ts('cases.more')}</Button></div>
      ) : null}
    </>
  );
}

function Row({ item, list }: { item: CaseSummary; list: CaseListProps }) {
  const { onPick } = list;
  const open = (event: MouseEvent): void => {
    // With a modifier the browser opens a tab of its own, as for every link.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    list.onOpen(item);
  };
  const row = (
    <a class="case-row" href={list.hrefOf(item)} onClick={open} aria-current={item.id === list.selectedId ? 'true' : undefined} data-test="case-row" data-case-id={item.id} data-order={item.order_number} data-unread={list.marks && item.unread ? '' : undefined}>
      <Picture src={item.picture} alt="" />
      <span class="case-words">
        <span class="row between">
          <strong class="case-buyer">{list.marks && item.unread ? <><span class="dot unread" aria-hidden="true" /><span class="sr">{ts('cases.unread')}</span></> : null}{item.erased_at ? <span class="quiet">{ts('cases.erased_case')}</span> : <bdi>{item.buyer_name}</bdi>}</strong>
          {item.erased_at ? <Chip test="erased-chip">{ts('cases.erased')}</Chip> : <Chip tone={toneOf(item.state)}>{ts(`state.${item.state}`)}</Chip>}
        </span>
        {item.state !== 'closed' ? <DueChip dueAt={item.due_at} /> : null}
        {item.state !== 'closed' && item.parcel_anomaly ? <span><Chip tone="warn" test="parcel-flag">{ts(`cases.parcel_${item.parcel_anomaly}`)}</Chip></span> : null}
        <span class="s case-title"><span class="num">#{item.order_number}</span> · <bdi>{item.title}</bdi></span>
        <span class="xs faint row between">
          <span>{item.outcome ? ts(`outcome.${item.outcome}`) : ts(`reason.${item.claim_reason}`)}{item.recorded ? ` · ${ts('cases.recorded')}` : ''}{list.marks && item.assignee_name ? ` · ${item.assignee_name}` : ''}</span>
          <time datetime={item.updated_at}>{ago(item.updated_at)}</time>
        </span>
        {list.marks && item.tags.length > 0 ? <span class="row wrap case-tags">{item.tags.map((tag) => <Chip key={tag}>{tag}</Chip>)}</span> : null}
      </span>
    </a>
  );
  if (!onPick) return row;
  return (
    <div class="case-frame">
      <label class="case-pick"><input type="checkbox" data-test="case-pick" checked={list.picked?.has(item.id) ?? false} onChange={() => onPick(item.id)} /><span class="sr">{ts('cases.pick', { order: item.order_number, name: item.erased_at ? ts('cases.erased_case') : item.buyer_name })}</span></label>
      {row}
    </div>
  );
}
