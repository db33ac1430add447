/** What the seller's policy answered to a case, by which rule, and what the buyer reads. */
import type { CaseView, PolicyAnswer } from '../base/protocol/case';
import { directionOf } from '../base/text';
import { dateAndTime, languageName, money } from '../base/time';
import { Chip } from '../base/ui';
import { answerWords, factWords } from './policies/answer_words';
import type { Answer, Fact } from './policies/rules';
import { t } from './text';

export function AnsweredCard({ view }: { view: CaseView }) {
  const given = view.policy_answer;
  if (!given) return null;
  const language = view.buyer.locale in given.sentences ? view.buyer.locale : (Object.entries(given.sentences).find(([, words]) => words === given.sentence)?.[0] ?? 'en');
  return (
    <section class="card stack" data-test="policy-answer" data-kind={given.answer.kind} aria-labelledby="answered-title">
      <h2 id="answered-title">{t('pol.answered.title')}</h2>
      <p class="row wrap"><strong class="answered">{answerWords(given.answer as Answer)}</strong>{given.piloted ? <Chip tone="note">{t('pol.answered.trial')}</Chip> : null}</p>
      <p class="s quiet">{given.rule === null ? t('pol.answered.by_none', { version: given.version }) : t('pol.answered.by', { version: given.version, rule: given.rule })} · {dateAndTime(given.answered_at)}</p>
      {given.missing.length > 0 ? <p class="s">{t('pol.answered.missing', { facts: given.missing.map((fact) => factWords(fact as Fact)).join(', ') })}</p> : null}
      <OfferLine view={view} given={given} />
      <div class="why">
        <p class="xs">{t('pol.answered.told', { language: languageName(language) })}</p>
        <p lang={language} dir={directionOf(language)} data-test="policy-sentence">{given.sentence}</p>
        {language === 'en' ? null : <p class="s quiet" lang="en">{given.sentences['en']}</p>}
      </div>
    </section>
  );
}

/** Of an offer: whether the buyer took it, and what is still owed for that. */
function OfferLine({ view, given }: { view: CaseView; given: PolicyAnswer }) {
  if (given.answer.kind !== 'offer') return null;
  return (
    <p class="row wrap" data-test="offer-word" data-word={given.buyer_word ?? 'none'}>
      {given.buyer_word ? <Chip tone={given.buyer_word === 'accept' ? 'proof' : 'note'}>{t(`pol.answered.${given.buyer_word}`)}</Chip> : null}
      {given.buyer_word === null && view.state === 'keep_offered' ? <Chip tone="warn">{given.amount ? t('pol.answered.offered', { amount: money(given.amount, view.currency) }) : t('pol.answered.waits')}</Chip> : null}
      {given.owed ? <strong data-test="owed">{t('pol.answered.owed', { amount: money(given.owed, view.currency) })}</strong> : null}
    </p>
  );
}
