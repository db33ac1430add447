/** What is answered, and what belongs to that answer. */
import { Field, Select } from '../../base/ui';
import { answerFault, type AnswerDraft } from './draft';
import { ANSWER_KINDS, type OfferKind, type Postage } from './rules';
import { tp } from './text';

const POSTAGES: readonly Postage[] = ['seller', 'buyer'];
const OFFERS: readonly OfferKind[] = ['discount', 'spare_part', 'guidance'];

interface Props {
  answer: AnswerDraft;
  tried: boolean;
  test: string;
  onChange: (answer: AnswerDraft) => void;
}

export function AnswerFields({ answer, tried, test, onChange }: Props) {
  const fault = tried ? answerFault(answer) : null;
  return (
    <div class="answer-fields">
      <Select label={tp('pol.rule.answer')} test={`${test}-answer`} value={answer.kind} onPick={(kind) => onChange({ ...answer, kind })} options={ANSWER_KINDS.map((value) => ({ value, label: tp(`pol.answer.${value}`) }))} />
      {answer.kind === 'approve' ? (
        <Select label={tp('pol.rule.postage')} test={`${test}-postage`} value={answer.postage} onPick={(postage) => onChange({ ...answer, postage })} options={POSTAGES.map((value) => ({ value, label: tp(`pol.postage.${value}`) }))} />
      ) : null}
      {answer.kind === 'offer' ? (
        <Select label={tp('pol.rule.offer')} test={`${test}-offer`} value={answer.offer} onPick={(offer) => onChange({ ...answer, offer })} options={OFFERS.map((value) => ({ value, label: tp(`pol.offer.${value}`) }))} />
      ) : null}
      {answer.kind === 'offer' && answer.offer === 'discount' ? (
        <Field label={tp('pol.rule.percent')} inputMode="numeric" test={`${test}-percent`} value={answer.percent} error={fault ? tp(fault) : null} onInput={(event) => onChange({ ...answer, percent: event.currentTarget.value })} />
      ) : null}
    </div>
  );
}
