/** The desk's hours, its holidays and how long what may take. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, callWithEtag, matching } from '../../base/api';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { Button, Field, Skeleton, Switch, TextArea } from '../../base/ui';
import { listOf, spansOf, written, type Spans } from './week';
import { WeekFields, type WeekDraft } from './week_fields';
import { th } from './words';

interface Hours {
  hours: { zone: string; week: Spans[]; holidays: string[]; exceptions: Record<string, Spans> };
  lengths: Record<string, number | boolean | null>;
}

const NUMBERS = ['first_answer_h', 'decision_h', 'inspection_h', 'warn_percent', 'slot_minutes', 'close_after_days'] as const;
const SWITCHES = ['working_time', 'reassign'] as const;

export function HoursPage() {
  const [read, setRead] = useState<Hours | null>(null);
  const [week, setWeek] = useState<WeekDraft>({ zone: '', days: [] });
  const [etag, setEtag] = useState<string | null>(null);
  const [holidays, setHolidays] = useState('');
  const [said, setSaid] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const mayWrite = staff.value?.roles.includes('admin') ?? false;
  useEffect(() => {
    callWithEtag<Hours>('GET', '/api/v1/hours').then(({ value: found, etag: tag }) => {
      setRead(found);
      setEtag(tag);
      setWeek({ zone: found.hours.zone, days: found.hours.week.map(written) });
      setHolidays(found.hours.holidays.join('\n'));
    }, (error: unknown) => { if (!endedLogin(error)) setSaid(failureWords(error)); });
  }, []);
  if (read === null) return <main class="page" aria-busy={said === null}>{said ? <p role="alert">{said}</p> : <Skeleton height={220} />}</main>;
  const set = (name: string, value: number | boolean): void => setRead({ ...read, lengths: { ...read.lengths, [name]: value } });
  const save = async (): Promise<void> => {
    const days = week.days.map(spansOf);
    setBusy(true);
    try {
      if (days.includes(null)) throw new Error('a day is not written well');
      const body = { hours: { ...read.hours, zone: week.zone.trim(), week: days, holidays: listOf(holidays) }, lengths: read.lengths };
      setEtag((await callWithEtag<Hours>('PUT', '/api/v1/hours', { body, ...matching(etag) })).etag);
      setSaid(th('hours.saved'));
    } catch (error) {
      const changed = error instanceof ApiError && error.code === 'version_conflict';
      if (!endedLogin(error)) setSaid(changed ? failureWords(error) : th('hours.failed'));
    }
    setBusy(false);
  };
  return (
    <main class="page" data-test="hours-page">
      <h1>{th('hours.title')}</h1>
      <p class="quiet">{mayWrite ? th('hours.intro') : th('hours.admins')}</p>
      <section class="card stack">
        <WeekFields draft={week} onChange={setWeek} disabled={!mayWrite} />
        <TextArea label={th('hours.holidays')} hint={th('hours.holidays_hint')} rows={4} value={holidays} disabled={!mayWrite} onInput={(event) => setHolidays(event.currentTarget.value)} />
      </section>
      <section class="card stack">
        <h2>{th('hours.lengths')}</h2>
        {SWITCHES.map((name) => <Switch key={name} label={th(`hours.${name}`)} on={read.lengths[name] === true} disabled={!mayWrite} onToggle={(on) => set(name, on)} />)}
        {NUMBERS.map((name) => (
          <Field key={name} label={th(`hours.${name}`)} type="number" min="1" value={String(read.lengths[name] ?? '')} disabled={!mayWrite} onInput={(event) => set(name, Number(event.currentTarget.value))} />
        ))}
      </section>
      {said ? <p role="status">{said}</p> : null}
      {mayWrite ? <Button variant="primary" busy={busy} test="save-hours" onClick={() => void save()}>{th('hours.save')}</Button> : null}
    </main>
  );
}
