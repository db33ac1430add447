/** An answer and a fact in plain words, for the policy page and the case alike. */
import { t } from '../text';
import type { Answer, Fact } from './rules';

export const factWords = (fact: Fact): string => t(`pol.fact.${fact}`);

export function answerWords(answer: Answer): string {
  if (answer.kind === 'approve') return t(answer.postage === 'seller' ? 'pol.words.approve_seller' : 'pol.words.approve_buyer');
  if (answer.kind !== 'offer') return t(`pol.words.${answer.kind}`);
  return answer.offer === 'discount' ? t('pol.words.offer_discount', { percent: answer.percent ?? 0 }) : t(`pol.words.offer_${answer.offer}`);
}
