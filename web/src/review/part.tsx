/** A part to hand over: marks in and out on the timeline, whose recordings, and the package. */
import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../base/api';
import { megabytes } from '../base/megabytes';
import type { Timeline } from '../base/protocol/timeline';
import { endedLogin, failureWords } from '../base/sign_in';
import { Button, Dialog, Icon, toast } from '../base/ui';
import type { Names } from './describe';
import { isUnderWay, progressWords } from './failed_words';
import { NO_MARKS, partOf, withIn, withOut, type MarkedPart, type PartMarks } from './part_marks';
import type { ReplayPlayer } from './player';
import { t } from './text';
import { length, wallTime } from './time_words';
import { xOf, type View } from './timeline_layout';

interface Ordered {
  id: string;
  state: 'waiting' | 'wanted' | 'ready' | 'failed';
  done_bytes: number;
  total_bytes: number | null;
  size: number | null;
  failure: string | null;
}

const ASK_EVERY_MS = 1_000;

interface ToolsProps {
  marks: Signal<PartMarks>;
  player: ReplayPlayer;
  disabled: boolean;
  onHandOver: () => void;
  onCopy: () => void;
}

export function PartTools({ marks, player, disabled, onHandOver, onCopy }: ToolsProps) {
  const part = partOf(marks.value);
  const some = marks.value.inMs !== null || marks.value.outMs !== null;
  return (
    <div class="part-tools row" role="group" aria-label={t('part.title')}>
      <button type="button" class="tool" disabled={disabled} title={t('part.in')} data-test="mark-in" onClick={() => { marks.value = withIn(marks.value, player.frameWallMs.peek()); }}>{t('part.in_short')}</button>
      <button type="button" class="tool" disabled={disabled} title={t('part.out')} data-test="mark-out" onClick={() => { marks.value = withOut(marks.value, player.frameWallMs.peek()); }}>{t('part.out_short')}</button>
      {some ? <button type="button" class="tool" title={t('part.clear')} aria-label={t('part.clear')} data-test="mark-clear" onClick={() => { marks.value = NO_MARKS; }}>✕</button> : null}
      <button type="button" class="tool wide" disabled={disabled || part === null} data-test="hand-over" onClick={onHandOver}>
        <Icon name="shield" /><span>{t('part.hand_over')}</span>
      </button>
      <button type="button" class="tool wide" disabled={disabled || part === null} data-test="open-copies" onClick={onCopy}>
        <Icon name="camera" /><span>{t('copy.title')}</span>
      </button>
      <span class="part-words num s" role="status" data-test="part-words">{part ? t('part.between', { from: wallTime(part.fromMs), length: length(part.toMs - part.fromMs) }) : ''}</span>
    </div>
  );
}

/** The marked time on the timeline. */
export function PartBand({ marks, view, width }: { marks: PartMarks; view: View; width: number }) {
  const [from, to] = [marks.inMs ?? marks.outMs, marks.outMs ?? marks.inMs];
  if (from === null || to === null) return null;
  const left = xOf(view, width, from);
  return <div class="part-band" data-test="part-band" style={{ left: `${left}px`, width: `${Math.max(2, xOf(view, width, to) - left)}px` }} />;
}

export function PartDialog({ part, timeline, names, onClose }: { part: MarkedPart; timeline: Timeline; names: Names; onClose: () => void }) {
  const people = [...new Set(timeline.recordings.map((one) => one.participant.id))];
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [ordered, setOrdered] = useState<Ordered | null>(null);
  const [busy, setBusy] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => { if (timer.current !== null) clearTimeout(timer.current); }, []);
  const told = (error: unknown): void => {
    setBusy(false);
    if (!endedLogin(error)) toast(t('part.failed', { reason: failureWords(error) }));
  };
  const follow = (one: Ordered): void => {
    setOrdered(one);
    setBusy(isUnderWay(one));
    if (!isUnderWay(one)) return;
    timer.current = setTimeout(() => void get<Ordered>(`/api/v1/evidence-packages/${encodeURIComponent(one.id)}`).then(follow, told), ASK_EVERY_MS);
  };
  const order = (): void => {
    setBusy(true);
    const wanted = {
      session_id: timeline.session_id,
      participants: people.filter((id) => !left.has(id)),
      from: new Date(part.fromMs).toISOString(),
      to: new Date(part.toMs).toISOString(),
    };
    void post<Ordered>(`/api/v1/cases/${encodeURIComponent(timeline.case.id)}/evidence-packages`, { part: wanted }).then(follow, told);
  };
  const turn = (id: string, on: boolean): void => {
    const next = new Set(left);
    if (on) next.delete(id);
    else next.add(id);
    setLeft(next);
  };
  const percent = ordered === null ? 0 : Math.round((100 * ordered.done_bytes) / Math.max(ordered.total_bytes ?? 0, 1));
  return (
    <Dialog title={t('part.title')} onClose={onClose} test="part-dialog">
      <div class="stack">
        <p class="num" data-test="part-moments">{t('part.moments', { from: wallTime(part.fromMs), to: wallTime(part.toMs), length: length(part.toMs - part.fromMs) })}</p>
        <p class="s quiet">{t('part.about')}</p>
        <fieldset class="stack" disabled={ordered !== null}>
          <legend>{t('part.whose')}</legend>
          {people.map((id) => (
            <label key={id} class="row">
              <input type="checkbox" checked={!left.has(id)} data-test="part-person" onChange={(event) => turn(id, event.currentTarget.checked)} />
              <bdi>{names.get(id) ?? id}</bdi>
            </label>
          ))}
        </fieldset>
        {ordered?.state === 'ready'
          ? <a class="button primary" href={`/api/v1/evidence-packages/${encodeURIComponent(ordered.id)}/file`} download data-test="fetch-part"><Icon name="shield" />{t('part.fetch', { size: megabytes(ordered.size) })}</a>
          : <Button variant="primary" icon="shield" busy={busy} disabled={left.size === people.length} test="make-part" onClick={order}>{t('part.make')}</Button>}
        <p class="s" role="status">{ordered === null ? '' : progressWords(ordered, percent, 'part.not_made')}</p>
      </div>
    </Dialog>
  );
}
