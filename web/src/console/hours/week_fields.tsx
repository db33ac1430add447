/** The zone and the seven days, as both pages edit them. */
import { locale } from '../../base/text';
import { Field } from '../../base/ui';
import { spansOf } from './week';
import { th } from './words';

/** A Monday, for the names of the days. */
const MONDAY = Date.UTC(2024, 0, 1, 12);

export interface WeekDraft {
  zone: string;
  days: string[];
}

export function WeekFields({ draft, onChange, disabled }: { draft: WeekDraft; onChange: (next: WeekDraft) => void; disabled?: boolean }) {
  const name = new Intl.DateTimeFormat(locale.value, { weekday: 'long', timeZone: 'UTC' });
  return (
    <>
      <Field label={th('hours.zone')} hint={th('hours.zone_hint')} value={draft.zone} disabled={disabled} test="zone" onInput={(event) => onChange({ ...draft, zone: event.currentTarget.value })} />
      <h2>{th('hours.week')}</h2>
      <p class="s quiet">{th('hours.week_hint')}</p>
      {draft.days.map((day, at) => (
        <Field
          key={at} label={name.format(MONDAY + at * 86_400_000)} value={day} disabled={disabled} test={`day-${at}`}
          error={spansOf(day) === null ? th('hours.bad_day') : null}
          onInput={(event) => onChange({ ...draft, days: draft.days.map((old, i) => (i === at ? event.currentTarget.value : old)) })}
        />
      ))}
    </>
  );
}
