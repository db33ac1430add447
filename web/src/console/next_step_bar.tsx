/** The next best step of a case: one sentence and one prominent button. */
import type { CaseView } from '../base/protocol/case';
import { Button, Icon } from '../base/ui';
import type { Step } from './next_step';
import { useShortcuts } from './shortcuts';
import { t } from './text';

export function NextStepBar({ view, step, busy, onStep }: { view: CaseView; step: Step; busy: boolean; onStep: () => void }) {
  useShortcuts(step.kind === 'wait' ? [] : [{ keys: 'd', words: () => t('keys.next'), run: onStep }]);
  return (
    <section class="next-step row between wrap" data-test="next-step-bar" data-step={step.kind === 'move' ? step.move : step.kind} aria-label={t('step.title')}>
      <p><span class="xs quiet">{t('step.title')}</span><br />{hintOf(step, view)}</p>
      {step.kind === 'wait' ? null : step.kind === 'host' ? (
        <a class="button primary" href={`/inspect?take=${encodeURIComponent(view.id)}`} data-test="next-step"><Icon name="video" />{t('calls.host_now')}</a>
      ) : (
        <Button variant="primary" busy={busy} test="next-step" onClick={onStep}>{labelOf(step)}</Button>
      )}
    </section>
  );
}

function labelOf(step: Exclude<Step, { kind: 'wait' | 'host' }>): string {
  if (step.kind === 'move') return t(`move.${step.move}`);
  if (step.kind === 'verdict') return t('verdict.give');
  if (step.kind === 'answer') return t('step.answer');
  return t(step.kind === 'invite' ? 'link.new' : 'step.close');
}

function hintOf(step: Step, view: CaseView): string {
  if (step.kind === 'move') return t(`move_hint.${step.move}`);
  if (step.kind === 'wait') return t(`step.wait_${step.what}`, { name: view.buyer.name });
  if (step.kind === 'verdict' && view.state === 'appealed') return t('step.hint_appeal', { name: view.buyer.name });
  return t(`step.hint_${step.kind}`, { name: view.buyer.name });
}
