/** What was ordered and what the buyer says is wrong, with the listing as it was sold. */
import type { CaseView } from '../base/protocol/case';
import { money } from '../base/time';
import { Picture } from '../staff/picture';
import { t } from './text';

export function OrderCard({ view }: { view: CaseView }) {
  return (
    <section class="card stack" data-test="order-card" aria-labelledby="claim-title">
      <h2 id="claim-title">{t('case.claim')}</h2>
      <div class="why" data-test="claim">
        <strong>{t(`reason.${view.claim.reason}`)}</strong>
        {view.claim.words ? <p dir="auto" lang={view.claim.locale}>“{view.claim.words}”</p> : null}
        <p class="xs">{t(`direction.${view.direction}`)}</p>
      </div>
      <h2>{t('case.items')}</h2>
      {view.items.map((item, i) => (
        <div key={i} class="case-item" data-test={`case-item-${i}`}>
          <div class="case-pictures">
            {(item.listing.pictures.length > 0 ? item.listing.pictures : [null]).map((url, at) => <Picture key={at} src={url} alt={item.listing.title} />)}
          </div>
          <div>
            <p><strong><bdi>{item.listing.title}</bdi></strong></p>
            <p class="s quiet num">{item.quantity} × {money(item.price, view.currency)} · <bdi>{item.sku}</bdi></p>
            <dl class="properties">
              {Object.entries(item.listing.properties).map(([name, value]) => <div key={name}><dt><bdi>{name}</bdi></dt><dd><bdi>{value}</bdi></dd></div>)}
            </dl>
          </div>
        </div>
      ))}
    </section>
  );
}
