/** A time for the call: offered in the buyer's zone, booked, moved, given back, put into a calendar. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, call, get, put } from '../base/api';
import { locale } from '../base/text';
import { nowMs } from '../base/time';
import { Button, Dialog, Notice, Skeleton } from '../base/ui';
import { ta } from './appointment_words';
import './appointment.css';

interface Booked {
  id: string;
  starts_at: string;
  ends_at: string;
}

interface Offered {
  slots: string[];
  booked: Booked | null;
}

/** What is shown until somebody asks for more: a page, not a wall. */
const DAYS_AT_FIRST = 3;
const TIMES_AT_FIRST = 6;

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const dayOf = (at: string): string => new Intl.DateTimeFormat(locale.value, { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at));
const timeOf = (at: string): string => new Intl.DateTimeFormat(locale.value, { hour: 'numeric', minute: '2-digit' }).format(new Date(at));

/** The offered times by the buyer's own days, in order. */
export function byDay(slots: readonly string[]): [string, string[]][] {
  const days = new Map<string, string[]>();
  for (const slot of slots) days.set(dayOf(slot), [...(days.get(dayOf(slot)) ?? []), slot]);
  return [...days];
}

/** At most `count` of a day's times, from its first to its last. */
export function spread(slots: readonly string[], count: number): string[] {
  if (slots.length <= count) return [...slots];
  return Array.from({ length: count }, (_, at) => slots[Math.round((at * (slots.length - 1)) / (count - 1))] ?? '').filter(Boolean);
}

export function AppointmentCard({ path }: { path: string }) {
  const offered = useSignal<Offered | null>(null);
  const problem = useSignal<'taken' | 'failed' | null>(null);
  const moving = useSignal(false);
  const asking = useSignal(false);
  const days = useSignal(DAYS_AT_FIRST);
  const sending = useSignal<string | null>(null);

  const look = async () => {
    try {
      offered.value = await get<Offered>(path);
    } catch {
      problem.value = 'failed';
    }
  };
  useEffect(() => void look(), [path]);

  const act = async (what: string, request: () => Promise<unknown>) => {
    if (sending.value) return;
    sending.value = what;
    problem.value = null;
    try {
      await request();
      moving.value = false;
      asking.value = false;
    } catch (error) {
      asking.value = false;
      problem.value = error instanceof ApiError && error.code === 'slot_taken' ? 'taken' : 'failed';
    }
    await look();
    sending.value = null;
  };
  const book = (slot: string) => act(slot, () => put(path, { starts_at: slot, zone: zone() }));
  const cancel = () => act('cancel', () => call('DELETE', path));

  const found = offered.value;
  const trouble = problem.value ? (
    <Notice icon="warning" tone="bad" title={ta(problem.value)} actions={found ? null : <Button onClick={() => void look()}>↻</Button>} />
  ) : null;
  if (!found) return <section class="card appointment" aria-busy="true">{trouble ?? <Skeleton height={96} />}</section>;
  if (found.booked && !moving.value) {
    const { starts_at: starts, ends_at: ends } = found.booked;
    const now = nowMs.value;
    const open = now >= Date.parse(starts) && now < Date.parse(ends);
    return (
      <section class="card appointment" data-test="appointment-booked" data-open={open}>
        <h2>{ta('booked_title')}</h2>
        <p>{open ? ta('now') : ta('booked_text', { when: `${dayOf(starts)}, ${timeOf(starts)}`, zone: zone() })}</p>
        {trouble}
        <div class="choices">
          <a class="button wide" href={`${path}.ics`} download="video-call.ics" data-test="appointment-calendar">{ta('calendar')}</a>
          <Button wide test="appointment-move" onClick={() => (moving.value = true)}>{ta('move')}</Button>
          <Button wide variant="plain" test="appointment-cancel" onClick={() => (asking.value = true)}>{ta('cancel')}</Button>
        </div>
        {asking.value ? (
          <Dialog
            title={ta('cancel_title')}
            onClose={() => (asking.value = false)}
            actions={
              <>
                <Button onClick={() => (asking.value = false)}>{ta('keep')}</Button>
                <Button variant="danger" test="appointment-cancel-yes" busy={sending.value === 'cancel'} onClick={() => void cancel()}>{ta('cancel')}</Button>
              </>
            }
          >
            <p>{ta('cancel_text')}</p>
          </Dialog>
        ) : null}
      </section>
    );
  }
  const all = byDay(found.slots);
  return (
    <section class="card appointment" data-test="appointment">
      <h2>{ta('title')}</h2>
      {all.length ? <p class="quiet s">{ta('text', { zone: zone() })}</p> : <p>{ta('none')}</p>}
      {trouble}
      <div class="days">
        {all.slice(0, days.value).map(([day, slots]) => (
          <div key={day} class="stack">
            <b>{day}</b>
            <div class="times">
              {(days.value > DAYS_AT_FIRST ? slots : spread(slots, TIMES_AT_FIRST)).map((slot) => (
                <Button key={slot} test="appointment-time" busy={sending.value === slot} onClick={() => void book(slot)}>{timeOf(slot)}</Button>
              ))}
            </div>
          </div>
        ))}
      </div>
      <div class="choices">
        {all.length > days.value || (days.value === DAYS_AT_FIRST && all.some(([, slots]) => slots.length > TIMES_AT_FIRST)) ? <Button variant="plain" onClick={() => (days.value += 3)}>{ta('other_days')}</Button> : null}
        {moving.value ? <Button variant="plain" onClick={() => (moving.value = false)}>{ta('keep')}</Button> : null}
      </div>
    </section>
  );
}
