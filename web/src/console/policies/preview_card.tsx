/** What a version would have answered to past cases, beside the one in force. */
import { useState } from 'preact/hooks';
import { endedLogin, failureWords } from '../../base/sign_in';
import { shortDate } from '../../base/time';
import { Button } from '../../base/ui';
import { addressOf, follow } from '../route';
import { ANSWER_KINDS, previewVersion, type Counts, type Preview, type PreviewedCase, type PolicyVersion } from './rules';
import { tp } from './text';
import { unsaved } from './unsaved';
import { answerWords, factWords } from './answer_words';

export function PreviewCard({ version, onPreviewed }: { version: PolicyVersion; onPreviewed: () => void }) {
  const [found, setFound] = useState<Preview | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const shown = found !== null && found.revision === version.revision ? found : null;
  const run = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      setFound(await previewVersion(version.id));
      onPreviewed();
    } catch (error) {
      if (!endedLogin(error)) setFailure(tp('pol.preview.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" aria-labelledby="preview-title" data-test="preview">
      <h2 id="preview-title">{tp('pol.preview.title')}</h2>
      <p class="s quiet">{tp(unsaved.value ? 'pol.preview.unsaved' : 'pol.preview.hint')}</p>
      <div><Button icon="search" variant={version.previewed || unsaved.value ? 'normal' : 'primary'} busy={busy} disabled={unsaved.value} test="run-preview" onClick={() => void run()}>{tp(shown ? 'pol.preview.again' : 'pol.preview.run')}</Button></div>
      {failure ? <p class="wrong" role="alert">{failure}</p> : null}
      {shown ? <Found preview={shown} /> : null}
    </section>
  );
}

function Found({ preview }: { preview: Preview }) {
  if (preview.cases === 0) return <p data-test="preview-result">{tp('pol.preview.no_cases')}</p>;
  const { cases, changed } = preview;
  return (
    <div class="stack" data-test="preview-result" role="status">
      <p><strong>{changed === 0 ? tp('pol.preview.same', { cases }) : tp('pol.preview.changed', { count: changed, cases })}</strong></p>
      <CountTable before={preview.live_version === null ? null : preview.before} after={preview.after} live={preview.live_version} />
      {changed > 0 ? <ul class="changed-cases">{preview.changed_cases.map((one) => <ChangedCase key={one.case_id} one={one} />)}</ul> : null}
      {changed > preview.changed_cases.length ? <p class="s quiet">{tp('pol.preview.first', { count: preview.changed_cases.length })}</p> : null}
    </div>
  );
}

export function CountTable({ before, after, live }: { before: Counts | null; after: Counts; live: number | null }) {
  const kinds = ANSWER_KINDS.filter((kind) => (before?.[kind] ?? 0) + (after[kind] ?? 0) > 0);
  return (
    <table class="table counts">
      <thead><tr><th scope="col">{tp('pol.preview.answer')}</th>{before ? <th scope="col" class="num">{tp('pol.preview.now', { number: live ?? 0 })}</th> : null}<th scope="col" class="num">{tp('pol.preview.then')}</th></tr></thead>
      <tbody>{kinds.map((kind) => <tr key={kind}><th scope="row">{tp(`pol.answer.${kind}`)}</th>{before ? <td class="num">{before[kind] ?? 0}</td> : null}<td class="num">{after[kind] ?? 0}</td></tr>)}</tbody>
    </table>
  );
}

function ChangedCase({ one }: { one: PreviewedCase }) {
  return (
    <li data-test={`changed-${one.case_id}`}>
      <p class="s"><a href={addressOf({ caseId: one.case_id })} onClick={follow({ caseId: one.case_id })}>#{one.order_number}</a> <span class="quiet">{one.title} · {shortDate(one.opened_at)}</span></p>
      <dl class="now-then">
        {one.before ? <div><dt>{tp('pol.preview.before')}</dt><dd><Answered given={one.before} /></dd></div> : null}
        <div><dt>{tp('pol.preview.after')}</dt><dd><Answered given={one.after} /></dd></div>
      </dl>
    </li>
  );
}

function Answered({ given }: { given: PreviewedCase['after'] }) {
  return (
    <>
      <span class={`answer-word ${given.answer.kind}`}>{answerWords(given.answer)}</span>{' '}
      <span class="s quiet">{given.missing.length > 0 ? tp('pol.preview.missing', { facts: given.missing.map(factWords).join(', ') }) : given.rule === null ? tp('pol.preview.by_none') : tp('pol.preview.by_rule', { rule: given.rule })}</span>
    </>
  );
}
