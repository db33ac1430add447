/** Somebody else has changed the case meanwhile: what is new, beside one's own words, which are kept. */
import { callWithEtag } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { Disposition, Liability, Outcome } from '../base/protocol/words';
import { Button } from '../base/ui';
import { changesBetween, type Change } from './changes';
import { t } from './text';

/** A case with the ETag that it had when it was read. */
export interface Read {
  readonly view: CaseView;
  readonly etag: string | null;
}

export interface Conflict {
  readonly now: Read;
  readonly changes: readonly Change[];
}

/** What If-Match is told for a case as it was read. */
export function matchOf(read: Read): string {
  return read.etag ?? `"${read.view.version}"`;
}

/** Read the case again and say what is new since `before`. Throws ApiError. */
export async function conflictSince(before: Read): Promise<Conflict> {
  const { value, etag } = await callWithEtag<CaseView>('GET', `/api/v1/cases/${encodeURIComponent(before.view.id)}`);
  return { now: { view: value, etag }, changes: changesBetween(before.view, value) };
}

export function ConflictNotice({ conflict, busy, onAnyway, onDiscard }: { conflict: Conflict; busy: boolean; onAnyway: () => void; onDiscard: () => void }) {
  return (
    <div class="conflict stack" role="alert" data-test="verdict-conflict">
      <h3>{t('verdict.conflict')}</h3>
      <p class="s">{t('verdict.conflict_words')}</p>
      <dl class="changes">
        {conflict.changes.map((change) => (
          <div key={change.field} data-test={`change-${change.field}`}>
            <dt>{t(`change.${change.field}`)}</dt>
            <dd><s>{valueWords(change.field, change.before)}</s> → <strong>{valueWords(change.field, change.after)}</strong></dd>
          </div>
        ))}
      </dl>
      <div class="row wrap">
        <Button onClick={onDiscard} test="discard-mine">{t('verdict.discard')}</Button>
        <Button variant="primary" busy={busy} onClick={onAnyway} test="save-anyway">{t('verdict.anyway')}</Button>
      </div>
    </div>
  );
}

function valueWords(field: Change['field'], value: string | null): string {
  if (value === null) return t('change.nothing');
  if (field === 'outcome') return t(`outcome.${value as Outcome}`);
  if (field === 'disposition') return t(`disposition.${value as Disposition}`);
  if (field === 'liability') return t(`liability.${value as Liability}`);
  if (field === 'state') return t(`state.${value as CaseView['state']}`);
  if (field === 'link') return t(`link.${value as CaseView['link']['state']}`);
  return value;
}
