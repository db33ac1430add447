/** A draft in the form: it is checked as it is typed, and saved when it is asked. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { Button, Field, toast } from '../../base/ui';
import { draftOf, faultCount, policyOf, ruleIsTyped, type PolicyDraft } from './draft';
import { same } from './rule_diff';
import { RulesEdited } from './rule_list';
import { checkRules, createVersion, readVersion, saveVersion, type Checked, type Finding, type Policy, type PolicyVersion } from './rules';
import { tp } from './text';
import { unsaved } from './unsaved';

const CHECK_AFTER_MS = 400;

interface Props {
  /** The version that is changed; null for a new one. */
  version: PolicyVersion | null;
  policy: Policy;
  basedOn: number | null;
  onSaved: (version: PolicyVersion) => void;
}

/** What the server thinks of the rules that are complete; nothing while they are not. */
function useCheck(draft: PolicyDraft): [Checked | null, (checked: Checked) => void] {
  const [checked, setChecked] = useState<Checked | null>(null);
  useEffect(() => {
    // Rules that are not complete yet keep what was said of the others.
    if (!draft.rules.every(ruleIsTyped)) return undefined;
    const ended = new AbortController();
    const timer = setTimeout(() => {
      checkRules({ ...policyOf(draft), title: draft.title.trim() || '–' }, ended.signal).then(setChecked, () => undefined);
    }, CHECK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [draft]);
  return [checked, setChecked];
}

export function Editor({ version, policy, basedOn, onSaved }: Props) {
  const [draft, setDraft] = useState(() => draftOf(policy));
  const [base, setBase] = useState(version);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [conflict, setConflict] = useState(false);
  const [checked, setChecked] = useCheck(draft);
  const frame = useRef<HTMLFormElement>(null);
  const faults = faultCount(draft);
  const findings = checked?.findings ?? [];
  const changed = base === null || faults > 0 || !same(policyOf(draft), bare(base));
  useEffect(() => {
    unsaved.value = changed;
    return () => { unsaved.value = false; };
  }, [changed]);
  const failed = (error: unknown): void => {
    if (endedLogin(error)) return;
    if (error instanceof ApiError && error.code === 'version_conflict') return setConflict(true);
    if (error instanceof ApiError && error.code === 'policy_refused') {
      const told = (error.problem as unknown as { findings?: Finding[] } | null)?.findings ?? [];
      setChecked({ findings: told, words: checked?.words ?? [] });
    }
    setFailure(tp('pol.save.failed', { reason: failureWords(error) }));
  };
  const save = async (as: PolicyVersion | null): Promise<void> => {
    setTried(true);
    setFailure(null);
    if (busy) return;
    if (faults > 0) {
      setTimeout(() => frame.current?.querySelector<HTMLElement>('[aria-invalid=true], .has-fault button')?.focus(), 30);
      return;
    }
    setBusy(true);
    try {
      const wanted = policyOf(draft);
      const saved = as === null ? await createVersion(wanted, basedOn ?? version?.number ?? null) : await saveVersion(as, wanted);
      toast(tp('pol.save.saved', { number: saved.number }));
      setBase(saved);
      setConflict(false);
      unsaved.value = false;
      onSaved(saved);
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const loadTheirs = (): void => {
    if (base === null) return;
    readVersion(base.id).then((theirs) => {
      setBase(theirs);
      setDraft(draftOf(theirs));
      setConflict(false);
      onSaved(theirs);
    }, failed);
  };
  const change = (next: PolicyDraft): void => {
    setDraft(next);
    setFailure(null);
  };
  const count = (tried ? faults : 0) + findings.length;
  return (
    <form class="stack wide-gap" noValidate ref={frame} data-test="policy-form" onSubmit={(event) => { event.preventDefault(); void save(base); }}>
      <section class="card"><Field label={tp('pol.save.title')} maxLength={100} test="policy-title" value={draft.title} error={tried && !draft.title.trim() ? tp('pol.rule.needed') : null} onInput={(event) => change({ ...draft, title: event.currentTarget.value })} /></section>
      <RulesEdited draft={draft} checked={checked} tried={tried} onChange={change} />
      {conflict ? (
        <div class="conflict stack" role="alert" data-test="policy-conflict">
          <p>{tp('pol.save.conflict')}</p>
          <div class="row wrap"><Button onClick={loadTheirs}>{tp('pol.save.load_theirs')}</Button><Button variant="primary" busy={busy} onClick={() => void save(null)}>{tp('pol.save.as_new')}</Button></div>
        </div>
      ) : (
        <div class="form-end">
          <p class="wrong" role="alert" data-test="policy-error">{failure ?? (count > 0 ? tp('pol.save.mend', { count }) : '')}</p>
          {findings.filter((one) => one.position === null).map((one) => <p key={one.code} class="wrong">{one.message}</p>)}
          <Button type="submit" variant={changed ? 'primary' : 'normal'} size="large" busy={busy} test="save-policy">{tp('pol.save.save')}</Button>
        </div>
      )}
    </form>
  );
}

function bare(version: PolicyVersion): Policy {
  return { title: version.title, rules: version.rules, otherwise: version.otherwise };
}
