/** When buyers are left alone. */
import { useState } from 'preact/hooks';
import { ApiError, put } from '../../base/api';
import { Button, Field, toast } from '../../base/ui';
import { useAct } from '../asking';
import { clockOf, minutesOf, type Quiet } from './shapes';
import { tn } from './text';

export function QuietCard({ quiet, onSaved }: { quiet: Quiet; onSaved: (quiet: Quiet) => void }) {
  const [from, setFrom] = useState(clockOf(quiet.quiet_from));
  const [until, setUntil] = useState(clockOf(quiet.quiet_until));
  const [zone, setZone] = useState(quiet.zone);
  const [badZone, setBadZone] = useState(false);
  const [busy, act] = useAct();
  const begins = minutesOf(from);
  const ends = minutesOf(until);
  const changed = begins !== quiet.quiet_from || ends !== quiet.quiet_until || zone.trim() !== quiet.zone;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    setBadZone(false);
    if (begins === undefined || ends === undefined) return;
    void act(async () => {
      try {
        onSaved(await put<Quiet>('/api/v1/notice-settings', { ...quiet, quiet_from: begins, quiet_until: ends, zone: zone.trim() }));
        toast(tn('notice.saved'));
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'zone_unknown') throw error;
        setBadZone(true);
      }
    });
  };
  return (
    <section class="card stack" data-test="quiet-hours" aria-labelledby="quiet-title">
      <h2 id="quiet-title">{tn('notice.quiet')}</h2>
      <p class="s quiet">{tn('notice.quiet_words')}</p>
      <form class="stack" noValidate onSubmit={send}>
        <div class="notice-filters">
          <Field label={tn('notice.quiet_from')} type="time" value={from} test="quiet-from" error={begins === undefined ? tn('notice.no_time') : null} onInput={(event) => setFrom(event.currentTarget.value)} />
          <Field label={tn('notice.quiet_until')} type="time" value={until} test="quiet-until" error={ends === undefined ? tn('notice.no_time') : null} onInput={(event) => setUntil(event.currentTarget.value)} />
        </div>
        {begins !== undefined && begins === ends ? <p class="s" data-test="never-quiet">{tn('notice.never_quiet')}</p> : null}
        <Field label={tn('notice.zone')} hint={tn('notice.zone_hint')} dir="ltr" maxLength={60} value={zone} test="quiet-zone" error={badZone ? tn('notice.no_zone') : null} onInput={(event) => setZone(event.currentTarget.value)} />
        {changed ? <div class="row notice-end"><Button type="submit" variant="primary" busy={busy} test="save-quiet">{tn('notice.save')}</Button></div> : null}
      </form>
    </section>
  );
}
