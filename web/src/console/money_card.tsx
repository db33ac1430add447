/** The money of a case: what was paid, line by line, what was given back, what is left. */
import type { CaseView } from '../base/protocol/case';
import { dateAndTime, money } from '../base/time';
import { leftToRefund } from './moves';
import { t } from './text';

export function MoneyCard({ view }: { view: CaseView }) {
  return (
    <section class="card stack" data-test="money-card" aria-labelledby="money-title">
      <h2 id="money-title">{t('money.title')}</h2>
      <dl class="money-lines s">
        {view.items.map((item, i) => (
          <div key={i}><dt>{item.quantity} × <bdi>{item.listing.title}</bdi></dt><dd class="num">{money(Number(item.price) * item.quantity, view.currency)}</dd></div>
        ))}
      </dl>
      {view.settlements.map((one, i) => (
        <p key={i} class="s" data-test={`settlement-${i}`}>
          <strong>{one.amount ? t('way.given', { amount: money(one.amount, view.currency) }) : t('way.exchanged')}</strong>{' '}
          <span class="quiet">{[one.reference, dateAndTime(one.at)].filter(Boolean).join(' · ')}</span>
        </p>
      ))}
      {view.settlements.length > 0 ? <p class="s quiet">{t('money.left', { amount: money(leftToRefund(view), view.currency) })}</p> : null}
    </section>
  );
}
