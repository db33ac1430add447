/** The list of cases with its search: rows are links, arrows move between them. */
import { useEffect, useRef } from 'preact/hooks';
import type { CaseState, CaseSummary } from '../base/protocol';
import { endedLogin, failureWords } from '../base/sign_in';
import { ago } from '../base/time';
import { Button, Chip, Select, Skeleton, Switch, type Tone } from '../base/ui';
import type { CaseRange, CaseSearch } from './case_search';
import { DueChip } from './due_chip';
import { Picture } from './picture';
import { ts } from './text';
import './staff.css';

export const STATES: readonly CaseState[] = ['filed', 'inspection_offered', 'waiting', 'live', 'inspected', 'decided', 'label_given', 'shipped', 'received', 'checked', 'resolved', 'refunded', 'partly_refunded', 'exchanged', 'sent_back', 'rejected', 'appealed', 'disputed', 'closed'];

const RANGES: readonly CaseRange[] = ['', 'due', 'mine', 'overdue'];

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
  /** Show the "only recorded" switch. */
  recordings?: boolean;
}

export function CaseList({ search, hrefOf, selectedId, onOpen, recordings }: CaseListProps) {
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
        <div class="row wrap case-filters">
          <Select<CaseState | ''>
            label={ts('cases.state')} hideLabel test="case-state" value={search.state.value} onPick={(state) => search.setState(state)}
            options={[{ value: '', label: ts('cases.all_states') }, ...STATES.map((value) => ({ value, label: ts(`state.${value}`) }))]}
          />
          {recordings ? null : (
            <Select<CaseRange>
              label={ts('cases.range')} hideLabel test="case-range" value={search.range.value} onPick={(range) => search.setRange(range)}
              options={RANGES.map((value) => ({ value, label: ts(value === '' ? 'cases.range_all' : `cases.range_${value}`) }))}
            />
          )}
          {recordings ? (
            <Switch label={ts('cases.only_recorded')} on={search.recorded.value} onToggle={(on) => search.setRecorded(on)} test="only-recorded" />
          ) : null}
        </div>
      </div>
      <div ref={list} class="case-rows" role="region" aria-label={ts('cases.list')} aria-busy={search.status.value === 'loading'}>
        <Rows search={search} hrefOf={hrefOf} selectedId={selectedId ?? null} onOpen={onOpen} />
      </div>
    </div>
  );
}

function Rows({ search, hrefOf, selectedId, onOpen }: CaseListProps) {
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
        {search.narrowed ? <Button onClick={() => search.clear()}>{ts('cases.clear')}</Button> : null}
      </div>
    );
  }
  return (
    <>
      <p class="sr" role="status">{ts('cases.count', { count: items.length })}</p>
      {items.map((item) => (
        <Row key={item.id} item={item} href={hrefOf(item)} selected={item.id === selectedId} onOpen={onOpen} />
      ))}
      {search.cursor.value !== null ? (
        <div class="case-more"><Button busy={status === 'more'} onClick={() => void search.more()} test="cases-more">{ts('cases.more')}</Button></div>
      ) : null}
    </>
  );
}

function Row({ item, href, selected, onOpen }: { item: CaseSummary; href: string; selected: boolean; onOpen: (item: CaseSummary) => void }) {
  const open = (event: MouseEvent): void => {
    // With a modifier the browser opens a tab of its own, as for every link.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpen(item);
  };
  return (
    <a class="case-row" href={href} onClick={open} aria-current={selected ? 'true' : undefined} data-test="case-row" data-case-id={item.id} data-order={item.order_number}>
      <Picture src={item.picture} alt="" />
      <span class="case-words">
        <span class="row between"><strong class="case-buyer">{item.buyer_name}</strong><Chip tone={toneOf(item.state)}>{ts(`state.${item.state}`)}</Chip></span>
        {item.state !== 'closed' ? <DueChip dueAt={item.due_at} /> : null}
        {item.state !== 'closed' && item.parcel_anomaly ? <span><Chip tone="warn" test="parcel-flag">{ts(`cases.parcel_${item.parcel_anomaly}`)}</Chip></span> : null}
        <span class="s case-title"><span class="num">#{item.order_number}</span> · {item.title}</span>
        <span class="xs faint row between">
          <span>{item.outcome ? ts(`outcome.${item.outcome}`) : ts(`reason.${item.claim_reason}`)}{item.recorded ? ` · ${ts('cases.recorded')}` : ''}</span>
          <time datetime={item.updated_at}>{ago(item.updated_at)}</time>
        </span>
      </span>
    </a>
  );
}
