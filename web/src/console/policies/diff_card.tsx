/** What a version changed from the one that it began as. */
import { useEffect, useState } from 'preact/hooks';
import { endedLogin } from '../../base/sign_in';
import { Skeleton } from '../../base/ui';
import { diffOf, same, type RuleChange } from './rule_diff';
import { AnswerWords, RuleWords } from './rule_list';
import { readVersion, type PolicyVersion, type Version } from './rules';
import { tp } from './text';

export function DiffCard({ version, before }: { version: PolicyVersion; before: Version | null }) {
  const [old, setOld] = useState<PolicyVersion | null>(null);
  const [failed, setFailed] = useState(false);
  const id = before?.id ?? null;
  useEffect(() => {
    setOld(null);
    if (id !== null) readVersion(id).then(setOld, (error: unknown) => { if (!endedLogin(error)) setFailed(true); });
  }, [id]);
  if (before === null) return null;
  const changes = old ? diffOf(old, version) : [];
  const rest = old !== null && !same(old.otherwise, version.otherwise) && old.otherwise !== null && version.otherwise !== null;
  return (
    <section class="card stack" aria-labelledby="diff-title" data-test="diff">
      <h2 id="diff-title">{tp('pol.diff.title', { number: before.number })}</h2>
      {failed ? <p class="s wrong" role="alert">{tp('pol.diff.failed')}</p> : old === null ? <Skeleton height={80} /> : changes.length === 0 && !rest ? <p class="s quiet">{tp('pol.diff.none')}</p> : (
        <ul class="diff">
          {changes.map((change) => <Changed key={`${change.kind}-${change.position}`} change={change} />)}
          {rest && old.otherwise && version.otherwise ? (
            <li class="changed"><strong>{tp('pol.diff.otherwise')}</strong><p class="rule-words"><s><AnswerWords answer={old.otherwise} /></s></p><p class="rule-words"><AnswerWords answer={version.otherwise} /></p></li>
          ) : null}
        </ul>
      )}
    </section>
  );
}

function Changed({ change }: { change: RuleChange }) {
  const rule = change.kind === 'removed' ? change.before : change.after;
  const what = change.kind === 'moved' ? tp('pol.diff.moved', { from: change.from, position: change.position }) : change.kind === 'changed' ? tp('pol.diff.changed') : tp(`pol.diff.${change.kind}`, { position: change.position });
  return (
    <li class={change.kind}>
      <p><strong>{rule.name}</strong> <span class="s quiet">{what}</span></p>
      {change.kind === 'changed' ? <s><RuleWords rule={change.before} /></s> : null}
      {change.kind === 'removed' ? <s><RuleWords rule={rule} /></s> : change.kind === 'moved' ? null : <RuleWords rule={rule} />}
    </li>
  );
}
