/** Each host's week and skills. */
import { useEffect, useState } from 'preact/hooks';
import { get, put } from '../../base/api';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { Button, Field, Select, Skeleton } from '../../base/ui';
import { listOf, spansOf, written, type Spans } from './week';
import { WeekFields, type WeekDraft } from './week_fields';
import { th } from './words';

interface Roster {
  hours: { zone: string; week: Spans[]; holidays: string[]; exceptions: Record<string, Spans> };
  languages: string[];
  categories: string[];
}

interface Person {
  staff_id: string;
  name: string;
  roster: Roster | null;
}

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

export function ShiftsPage() {
  const [people, setPeople] = useState<Person[] | null>(null);
  const [chosen, setChosen] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const load = async (): Promise<void> => {
    try {
      const found = (await get<{ people: Person[] }>('/api/v1/rosters')).people;
      setPeople(found);
      setChosen((before) => before || (found.find((one) => one.staff_id === staff.value?.id) ?? found[0])?.staff_id || '');
    } catch (error) {
      if (!endedLogin(error)) setFailure(failureWords(error));
    }
  };
  useEffect(() => void load(), []);
  if (people === null) return <main class="page">{failure ? <p role="alert">{failure}</p> : <Skeleton height={220} />}</main>;
  const person = people.find((one) => one.staff_id === chosen);
  return (
    <main class="page" data-test="shifts-page">
      <h1>{th('shifts.title')}</h1>
      <p class="quiet">{th('shifts.intro')}</p>
      {person ? (
        <>
          <Select label={th('shifts.person')} value={chosen} onPick={setChosen} test="shift-person" options={people.map((one) => ({ value: one.staff_id, label: one.name }))} />
          <RosterForm key={chosen} person={person} onSaved={() => void load()} />
        </>
      ) : <p>{th('shifts.nobody')}</p>}
    </main>
  );
}

function RosterForm({ person, onSaved }: { person: Person; onSaved: () => void }) {
  const before = person.roster;
  const [week, setWeek] = useState<WeekDraft>({ zone: before?.hours.zone ?? zone(), days: before?.hours.week.map(written) ?? Array.from({ length: 7 }, () => '') });
  const [languages, setLanguages] = useState(before?.languages.join(', ') ?? '');
  const [categories, setCategories] = useState(before?.categories.join(', ') ?? '');
  const [said, setSaid] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const mayWrite = person.staff_id === staff.value?.id || (staff.value?.roles.includes('admin') ?? false);
  const save = async (): Promise<void> => {
    const days = week.days.map(spansOf);
    setBusy(true);
    try {
      if (days.includes(null)) throw new Error('a day is not written well');
      await put(`/api/v1/rosters/${encodeURIComponent(person.staff_id)}`, {
        hours: { holidays: [], exceptions: {}, ...before?.hours, zone: week.zone.trim(), week: days },
        languages: listOf(languages),
        categories: listOf(categories),
      });
      setSaid(th('hours.saved'));
      onSaved();
    } catch (error) {
      if (!endedLogin(error)) setSaid(th('hours.failed'));
    }
    setBusy(false);
  };
  return (
    <section class="card stack">
      <WeekFields draft={week} onChange={setWeek} disabled={!mayWrite} />
      <Field label={th('shifts.languages')} hint={th('shifts.languages_hint')} value={languages} disabled={!mayWrite} onInput={(event) => setLanguages(event.currentTarget.value)} />
      <Field label={th('shifts.categories')} hint={th('shifts.categories_hint')} value={categories} disabled={!mayWrite} onInput={(event) => setCategories(event.currentTarget.value)} />
      {said ? <p role="status">{said}</p> : null}
      {mayWrite ? <Button variant="primary" busy={busy} test="save-shifts" onClick={() => void save()}>{th('hours.save')}</Button> : <p class="s quiet">{th('hours.admins')}</p>}
    </section>
  );
}
