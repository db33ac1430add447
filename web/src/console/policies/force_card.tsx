/** Putting a version in force: now, from a date on, taken back, or an earlier one again. */
import { useState } from 'preact/hooks';
import { endedLogin, failureWords } from '../../base/sign_in';
import { dateAndTime } from '../../base/time';
import { Button, Dialog, Field, toast } from '../../base/ui';
import { publishVersion, rollBack, withdraw, type PolicyVersion } from './rules';
import { tp } from './text';
import { unsaved } from './unsaved';

interface Props {
  version: PolicyVersion;
  onChanged: (version: PolicyVersion) => void;
}

/** Does one thing at a time and says when it failed. */
export function useAct(onChanged: (version: PolicyVersion) => void) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const act = async (what: () => Promise<PolicyVersion>, words: (version: PolicyVersion) => string): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const version = await what();
      toast(words(version));
      onChanged(version);
    } catch (error) {
      if (!endedLogin(error)) setFailure(tp('pol.force.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, act };
}

export function ForceCard({ version, onChanged }: Props) {
  const [asking, setAsking] = useState(false);
  const { busy, failure, act } = useAct((next) => { setAsking(false); onChanged(next); });
  if (version.state === 'live') return null;
  const number = version.number;
  if (version.state === 'scheduled') {
    return (
      <section class="card stack" aria-labelledby="force-title" data-test="force">
        <h2 id="force-title">{tp('pol.force.title')}</h2>
        <p>{tp('pol.from', { when: dateAndTime(version.effective_from ?? '') })}</p>
        <div><Button busy={busy} test="take-back" onClick={() => void act(() => withdraw(version), () => tp('pol.force.taken_back', { number }))}>{tp('pol.force.take_back')}</Button></div>
        {failure ? <p class="wrong" role="alert">{failure}</p> : null}
      </section>
    );
  }
  const back = version.state === 'past';
  const ready = back || (version.previewed && !unsaved.value);
  return (
    <section class="card stack" aria-labelledby="force-title" data-test="force">
      <h2 id="force-title">{tp('pol.force.title')}</h2>
      {ready ? null : <p class="s quiet">{tp('pol.force.need_preview')}</p>}
      <div><Button variant={ready && !back ? 'primary' : 'normal'} disabled={!ready} test={back ? 'roll-back' : 'publish'} onClick={() => setAsking(true)}>{tp(back ? 'pol.force.back' : 'pol.force.now')}</Button></div>
      {asking && back ? (
        <Dialog
          title={tp('pol.force.back_question', { number })} onClose={() => setAsking(false)} test="roll-back-dialog"
          actions={<Button variant="primary" busy={busy} test="roll-back-yes" onClick={() => void act(() => rollBack(version.id), (next) => tp('pol.force.done', { number: next.number }))}>{tp('pol.force.back_yes')}</Button>}
        ><p>{tp('pol.force.back_words')}</p>{failure ? <p class="wrong" role="alert">{failure}</p> : null}</Dialog>
      ) : null}
      {asking && !back ? <PublishDialog version={version} busy={busy} failure={failure} onClose={() => setAsking(false)} onPublish={(from) => void act(() => publishVersion(version, from), (next) => (next.state === 'scheduled' ? tp('pol.force.planned', { number, when: dateAndTime(next.effective_from ?? '') }) : tp('pol.force.done', { number })))} /> : null}
    </section>
  );
}

function PublishDialog({ version, busy, failure, onClose, onPublish }: { version: PolicyVersion; busy: boolean; failure: string | null; onClose: () => void; onPublish: (from: string | null) => void }) {
  const [dated, setDated] = useState(false);
  const [date, setDate] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const go = (): void => {
    if (!dated) return onPublish(null);
    const at = new Date(date);
    if (Number.isNaN(at.getTime()) || at.getTime() <= Date.now()) return setFault(tp('pol.force.bad_date'));
    onPublish(at.toISOString());
  };
  return (
    <Dialog title={tp('pol.force.question', { number: version.number })} onClose={onClose} test="publish-dialog" actions={<Button variant="primary" busy={busy} test="publish-yes" onClick={go}>{tp('pol.force.title')}</Button>}>
      <p>{tp('pol.force.words')}</p>
      <div class="field" role="radiogroup" aria-label={tp('pol.force.when')}>
        <span class="label">{tp('pol.force.when')}</span>
        <label class="choice"><input type="radio" name="from" checked={!dated} onChange={() => setDated(false)} /><span>{tp('pol.force.at_once')}</span></label>
        <label class="choice"><input type="radio" name="from" checked={dated} data-test="publish-dated" onChange={() => setDated(true)} /><span>{tp('pol.force.on_date')}</span></label>
      </div>
      {dated ? <Field label={tp('pol.force.date')} type="datetime-local" test="publish-date" value={date} error={fault} onInput={(event) => { setDate(event.currentTarget.value); setFault(null); }} /> : null}
      {failure ? <p class="wrong" role="alert">{failure}</p> : null}
    </Dialog>
  );
}
