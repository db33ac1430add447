/** Something for keeping it: what the buyer gets, and a yes or a no. */
import { useSignal } from '@preact/signals';
import type { BuyerAnswer } from '../base/protocol/joining';
import type { OfferWord } from '../base/protocol/words';
import { locale } from '../base/text';
import { money } from '../base/time';
import { Button, Card } from '../base/ui';
import './offer.css';
import { to } from './offer_words';

/** `act` tells the seller the word; false when that did not get through. */
export function OfferCard({ given, act }: { given: BuyerAnswer; act: (word: OfferWord) => Promise<boolean> }) {
  const sending = useSignal<OfferWord | null>(null);
  const failed = useSignal(false);
  const kind = given.answer.offer ?? 'guidance';
  const say = async (word: OfferWord) => {
    if (sending.value) return;
    sending.value = word;
    failed.value = !(await act(word));
    sending.value = null;
  };
  return (
    <Card class="stack offer">
      {given.amount ? <p class="offer-amount" data-test="offer-amount">{money(given.amount, given.currency)}</p> : null}
      <p dir="auto" data-test="policy-sentence">{given.sentences[locale.value] ?? given.sentences['en']}</p>
      <p class="quiet s">{to(`${kind}_text`)}</p>
      {failed.value ? <p class="wrong" role="alert">{to('failed')}</p> : null}
      <Button variant="primary" size="large" wide busy={sending.value === 'accept'} test="accept-offer" onClick={() => void say('accept')}>{to(`${kind}_yes`)}</Button>
      <Button wide busy={sending.value === 'decline'} test="decline-offer" onClick={() => void say('decline')}>{to('no')}</Button>
    </Card>
  );
}
