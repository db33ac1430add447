/** The one timeline: who was recorded when, gaps, stills, markers, the log; click to jump, wheel to zoom. */
import { useComputed, useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Names } from './describe';
import { stillsByPerson, type Entry, type Still } from './entries';
import { MarkLane, PeopleLane } from './timeline_lanes';
import { PartBand } from './part';
import type { PartMarks } from './part_marks';
import type { ReplayPlayer } from './player';
import { t } from './text';
import { fitted, following, panned, ticks, wallAt, xOf, zoomed, type View } from './timeline_layout';
import { position, wallSeconds, wallTime } from './time_words';

const NO_STILLS: readonly Still[] = [];

interface Props {
  player: ReplayPlayer;
  entries: readonly Entry[];
  names: Names;
  marks: Signal<PartMarks>;
  onStill: (stillId: string) => void;
}

export function TimelineBar({ player, entries, names, marks, onStill }: Props) {
  const whole = { fromMs: player.startMs, toMs: player.endMs };
  const view = useSignal<View>(whole);
  const width = useSignal(800);
  const field = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  useEffect(() => {
    // More has arrived: a view of everything stays one, a closer view stays where it is.
    view.value = pinned.current ? whole : fitted(view.value, whole);
  }, [whole.fromMs, whole.toMs]);
  const show = (next: View): void => {
    pinned.current = next.toMs - next.fromMs >= whole.toMs - whole.fromMs;
    view.value = next;
  };
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return undefined;
    const measure = new ResizeObserver(() => { width.value = element.clientWidth; });
    measure.observe(element);
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const span = view.value.toMs - view.value.fromMs;
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      const amount = sideways ? event.deltaX || event.deltaY : event.deltaY;
      const pointerMs = wallAt(view.value, width.value, event.clientX - element.getBoundingClientRect().left);
      show(sideways ? panned(view.value, whole, (amount / width.value) * span) : zoomed(view.value, whole, Math.exp(amount / 400), pointerMs));
    };
    // The page must not scroll meanwhile, so the listener cannot be passive.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      measure.disconnect();
      element.removeEventListener('wheel', onWheel);
    };
  });
  useSignalEffect(() => {
    if (player.playing.value) view.value = following(view.peek(), whole, player.wallMs.value);
  });
  const zoom = (factor: number): void => {
    const now = player.wallMs.peek();
    const inside = now >= view.value.fromMs && now <= view.value.toMs;
    show(zoomed(view.value, whole, factor, inside ? now : (view.value.fromMs + view.value.toMs) / 2));
  };
  useZoomKeys(zoom);
  const groups = useMemo(() => ({
    marks: entries.filter((entry) => entry.group === 'marks'),
    log: entries.filter((entry) => entry.group !== 'marks' && entry.event.kind !== 'gap'),
    stills: stillsByPerson(entries),
  }), [entries]);
  // Several marks at one place: each further click goes on to the next of them.
  const jump = (marks: readonly Entry[]): void => {
    const next = marks.find((entry) => entry.wallMs > player.wallMs.peek() + 250) ?? marks[0];
    const inside = marks.some((entry) => Math.abs(entry.wallMs - player.wallMs.peek()) <= 250);
    const target = inside ? next : marks[0];
    if (target) player.seek(target.wallMs);
  };
  const lanes = { view: view.value, width: width.value };
  return (
    <div class="timeline" dir="ltr" data-test="timeline" role="group" aria-label={t('play.timeline')}>
      <div class="lane-names" aria-hidden="true">
        <span class="zoom-tools" />
        {player.lanes.map((lane) => <span key={lane.lane.peek().participantId}>{lane.lane.value.name}</span>)}
        <span>{t('lane.marks')}</span>
        <span>{t('lane.log')}</span>
      </div>
      <div class="tl-field" ref={field}>
        <Ruler {...lanes} />
        <Scrubber player={player} view={view} width={width} />
        {player.lanes.map((lane) => <PeopleLane key={lane.lane.peek().participantId} lane={lane.lane.value} stills={groups.stills.get(lane.lane.value.participantId) ?? NO_STILLS} {...lanes} />)}
        <MarkLane entries={groups.marks} names={names} {...lanes} onJump={jump} onStill={onStill} />
        <MarkLane entries={groups.log} names={names} {...lanes} onJump={jump} onStill={onStill} small />
        <PartBand marks={marks.value} {...lanes} />
        <Playhead player={player} view={view} width={width} />
      </div>
      <ZoomTools view={view.value} whole={whole} onZoom={zoom} onShow={show} />
    </div>
  );
}

function useZoomKeys(zoom: (factor: number) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || document.querySelector('dialog[open]')) return;
      if (event.target instanceof HTMLElement && event.target.matches('input, textarea, select')) return;
      if (event.key === '+' || event.key === '=') zoom(0.5);
      else if (event.key === '-' || event.key === '−') zoom(2);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

function Ruler({ view, width }: { view: View; width: number }) {
  return (
    <div class="ruler num" aria-hidden="true">
      {ticks(view, width, 84).filter((tick) => tick.x < width - 60).map((tick) => <span key={tick.wallMs} style={{ left: `${tick.x}px` }}>{wallSeconds(tick.wallMs)}</span>)}
    </div>
  );
}

/** Where a press or a drag moves the clock; for the keyboard it is a slider. */
function Scrubber({ player, view, width }: { player: ReplayPlayer; view: Signal<View>; width: Signal<number> }) {
  const hoverMs = useSignal<number | null>(null);
  const dragging = useRef(false);
  const nowWords = useComputed(() => `${position(player.wallMs.value - player.startMs)}, ${wallTime(player.wallMs.value)} UTC`);
  const nowValue = useComputed(() => Math.round((player.wallMs.value - player.startMs) / 1000));
  const msOf = (event: PointerEvent): number =>
    wallAt(view.value, width.value, event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left);
  const release = (): void => { dragging.current = false; };
  return (
    <>
      <div
        class="scrubber" role="slider" tabIndex={0} data-test="scrubber" aria-label={t('play.position')} aria-valuemin={0}
        aria-valuemax={Math.round((player.endMs - player.startMs) / 1000)} aria-valuenow={nowValue} aria-valuetext={nowWords}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          dragging.current = true;
          event.currentTarget.setPointerCapture(event.pointerId);
          player.seek(msOf(event));
        }}
        onPointerMove={(event) => {
          hoverMs.value = msOf(event);
          if (dragging.current) player.seek(msOf(event));
        }}
        onPointerUp={release} onPointerCancel={release}
        onPointerLeave={() => { hoverMs.value = null; }}
      />
      {hoverMs.value === null ? null : (
        <div class="hover-line" style={{ left: `${xOf(view.value, width.value, hoverMs.value)}px` }}><span class="num">{wallTime(hoverMs.value)} UTC</span></div>
      )}
    </>
  );
}

/** The moment shown, moved without a rendering. */
function Playhead({ player, view, width }: { player: ReplayPlayer; view: Signal<View>; width: Signal<number> }) {
  const place = useComputed(() => {
    const x = xOf(view.value, width.value, player.wallMs.value);
    return `transform:translateX(${x.toFixed(1)}px)${x < -1 || x > width.value + 1 ? ';visibility:hidden' : ''}`;
  });
  return <div class="playhead" style={place} data-test="playhead" />;
}

function ZoomTools({ view, whole, onZoom, onShow }: { view: View; whole: View; onZoom: (factor: number) => void; onShow: (view: View) => void }) {
  const span = view.toMs - view.fromMs;
  const share = span / Math.max(1, whole.toMs - whole.fromMs);
  const closer = share < 0.999;
  const rail = useRef<HTMLDivElement>(null);
  const moveTo = (event: PointerEvent): void => {
    const box = rail.current?.getBoundingClientRect();
    if (!box) return;
    const center = whole.fromMs + ((event.clientX - box.left) / box.width) * (whole.toMs - whole.fromMs);
    onShow(fitted({ fromMs: center - span / 2, toMs: center + span / 2 }, whole));
  };
  return (
    <div class="zoom-row">
      <div class="zoom-buttons">
        <button type="button" class="tool tiny" aria-label={t('play.zoom_out')} title={t('play.zoom_out')} data-test="zoom-out" disabled={!closer} onClick={() => onZoom(2)}>−</button>
        <button type="button" class="tool tiny" aria-label={t('play.zoom_in')} title={t('play.zoom_in')} data-test="zoom-in" onClick={() => onZoom(0.5)}>+</button>
        <button type="button" class="tool tiny" data-test="zoom-all" disabled={!closer} onClick={() => onShow(whole)}>{t('play.zoom_all')}</button>
      </div>
      <div
        class={closer ? 'rail' : 'rail idle'} ref={rail} title={t('play.part_shown')}
        onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); moveTo(event); }}
        onPointerMove={(event) => { if (event.buttons & 1) moveTo(event); }}
      >
        <i style={{ left: `${((view.fromMs - whole.fromMs) / Math.max(1, whole.toMs - whole.fromMs)) * 100}%`, width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
