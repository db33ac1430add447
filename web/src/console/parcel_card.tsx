/** The parcels of a case: which way, by whom, with which label, and how far they are. */
import type { CaseView, Parcel } from '../base/protocol';
import { dateAndTime } from '../base/time';
import { t } from './text';

export function ParcelCard({ view }: { view: CaseView }) {
  if (view.parcels.length === 0) return null;
  return (
    <section class="card stack" data-test="parcel-card" aria-labelledby="parcel-title">
      <h2 id="parcel-title">{t('parcel.title')}</h2>
      {view.parcels.map((parcel, i) => <ParcelLines key={i} parcel={parcel} />)}
    </section>
  );
}

function ParcelLines({ parcel }: { parcel: Parcel }) {
  const facts = [parcel.carrier, parcel.tracking_number].filter(Boolean).join(' · ');
  return (
    <div class="s parcel" data-test={`parcel-${parcel.way}`}>
      <strong>{t(`way.parcel_${parcel.way}`)}</strong>
      {facts ? <p><bdi class="num">{facts}</bdi></p> : null}
      {parcel.address ? <p class="quiet lines" dir="auto">{parcel.address}</p> : null}
      {parcel.label_url ? <p><a href={parcel.label_url} target="_blank" rel="noopener noreferrer">{t('way.label')}</a></p> : null}
      <p class="xs faint">
        {parcel.received_at ? t('way.received_on', { when: dateAndTime(parcel.received_at) }) : parcel.shipped_at ? t('way.shipped_on', { when: dateAndTime(parcel.shipped_at) }) : t('way.not_shipped')}
      </p>
    </div>
  );
}
