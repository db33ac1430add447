/** The session log beside the pictures: it follows the clock, filters by kind, and a click jumps. */
import { useSignalEffect } from '@preact/signals';
import { useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../base/ui';
import { describe, iconOf, type Names } from './describe';
import { GROUPS, type Entry, type Group } from './entries';
import type { ReplayPlayer } from './player';
import { Thumb } from './stills';
import { t } from './text';
import { currentIndex } from './timeline_layout';
import { wallSeconds } from './time_words';

interface Props {
  entries: readonly Entry[];
  names: Names;
  player: ReplayPlayer;
  onJump: (entry: Entry) => void;
  onStill: (stillId: string) => void;
}

/** After a person scrolled, the list stays where they put it this long. */
const OWN_SCROLL_MS = 4000;

export function EventList({ entries, names, player, onJump, onStill }: Props) {
  const [group, setGroup] = useState<Group | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const scrolledAt = useRef(-OWN_SCROLL_MS);
  const marked = useRef<Element | null>(null);
  const shown = useMemo(() => (group === null ? entries : entries.filter((entry) => entry.group === group)), [entries, group]);
  const counts = useMemo(() => new Map(GROUPS.map((one) => [one, entries.filter((entry) => entry.group === one).length])), [entries]);
  const indexNow = useRef(-2);
  useSignalEffect(() => {
    const index = currentIndex(shown, player.wallMs.value + 1);
    const row = list.current?.children[index] ?? null;
    if (index === indexNow.current && row === marked.current) return;
    indexNow.current = index;
    marked.current?.removeAttribute('aria-current');
    marked.current = row;
    row?.setAttribute('aria-current', 'true');
    if (row && list.current && performance.now() - scrolledAt.current > OWN_SCROLL_MS) follow(list.current, row as HTMLElement);
  });
  const own = (): void => { scrolledAt.current = performance.now(); };
  return (
    <div class="events">
      <div class="event-filter" role="group" aria-label={t('log.filter')}>
        <FilterChip on={group === null} words={t('log.all')} count={entries.length} test="filter-all" onClick={() => setGroup(null)} />
        {GROUPS.map((one) => (
          <FilterChip key={one} on={group === one} words={t(`log.${one}`)} count={counts.get(one) ?? 0} test={`filter-${one}`} onClick={() => setGroup(one)} />
        ))}
      </div>
      {shown.length === 0 ? <p class="quiet s event-none">{t(entries.length === 0 ? 'log.empty' : 'log.none')}</p> : null}
      <ol ref={list} class="event-rows" onWheel={own} onTouchMove={own} data-test="event-list">
        <Rows entries={shown} names={names} onJump={onJump} onStill={onStill} />
      </ol>
    </div>
  );
}

function follow(list: HTMLElement, row: HTMLElement): void {
  // The list is the row's offset parent.
  const top = row.offsetTop;
  const outside = top < list.scrollTop + 8 || top + row.offsetHeight > list.scrollTop + list.clientHeight - 8;
  if (outside) list.scrollTo({ top: top - list.clientHeight / 3 });
}

function FilterChip({ on, words, count, test, onClick }: { on: boolean; words: string; count: number; test: string; onClick: () => void }) {
  return (
    <button type="button" class="filter-chip" aria-pressed={on} data-test={test} disabled={count === 0 && !on} onClick={onClick}>
      {words} <span class="num">{count}</span>
    </button>
  );
}

function Rows({ entries, names, onJump, onStill }: Omit<Props, 'player'>) {
  return (
    <>
      {entries.map((entry) => (
        <li key={entry.seq} class={`event ${entry.group} ${entry.event.kind}`}>
          <button type="button" class="event-jump" data-test={`event-${entry.seq}`} data-kind={entry.event.kind} data-wall-ms={Math.round(entry.wallMs)} onClick={() => onJump(entry)}>
            <time class="num">{wallSeconds(entry.wallMs)}</time>
            <Icon name={iconOf(entry)} />
            <span class="event-words">
              {entry.event.kind === 'message' ? <strong>{entry.event.actor.name}</strong> : null}
              <span dir="auto">{describe(entry.event, names)}</span>
            </span>
          </button>
          {entry.still ? (
            <button type="button" class="event-still" aria-label={t('still.open', { time: wallSeconds(entry.wallMs) })} onClick={() => entry.still && onStill(entry.still.stillId)}>
              <Thumb still={entry.still} />
            </button>
          ) : null}
        </li>
      ))}
    </>
  );
}
