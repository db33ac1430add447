/** The verdict: read it, give it, and see what others changed meanwhile. */
import { useState } from 'preact/hooks';
import { ApiError, callWithEtag } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { VerdictIn } from '../base/protocol/session';
import type { CaseState, Disposition, Liability, Outcome } from '../base/protocol/words';
import { endedLogin, failureWords } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Select, TextArea, toast } from '../base/ui';
import { ConflictNotice, conflictSince, matchOf, type Conflict, type Read } from './conflict';
import { t } from './text';

const OUTCOMES: readonly Outcome[] = ['resolved_without_return', 'refund', 'partial_refund', 'exchange', 'send_back', 'reject'];
export const DISPOSITIONS: readonly Disposition[] = ['restock', 'refurbish', 'quarantine', 'dispose', 'missing', 'not_received'];
export const LIABILITIES: readonly Liability[] = ['product', 'description', 'packing', 'carrier', 'buyer', 'unclear'];

/** Where a verdict may be given or changed (cases/life.py). */
const DECIDABLE: ReadonlySet<CaseState> = new Set(['filed', 'keep_offered', 'inspection_offered', 'inspected', 'decided', 'label_given', 'shipped', 'received', 'checked', 'appealed', 'disputed']);

interface Props {
  read: Read;
  onSaved: (read: Read) => void;
}

export function VerdictCard({ read, onSaved, writing, onWriting }: Props & { writing: boolean; onWriting: (writing: boolean) => void }) {
  const { verdict, state } = read.view;
  const open = DECIDABLE.has(state);
  return (
    <section class="card stack" data-test="verdict-card" aria-labelledby="verdict-title">
      <h2 id="verdict-title">{t('case.verdict')}</h2>
      {verdict && !writing ? (
        <div class="stack given" data-test="verdict-given">
          <p><strong>{t(`outcome.${verdict.outcome}`)}</strong></p>
          <p class="s quiet">
            {[verdict.disposition && t('verdict.goods', { disposition: t(`disposition.${verdict.disposition}`) }), verdict.liability && t('verdict.answers', { liability: t(`liability.${verdict.liability}`) })].filter(Boolean).join(' · ')}
          </p>
          {verdict.note ? <p class="s" dir="auto">{verdict.note}</p> : null}
          <p class="xs faint">{t('verdict.by', { name: verdict.decided_by, when: dateAndTime(verdict.decided_at) })}</p>
        </div>
      ) : null}
      {writing ? <VerdictForm read={read} onSaved={(next) => { onWriting(false); onSaved(next); }} onCancel={() => onWriting(false)} /> : (
        !open ? null : (
          <div><Button test="give-verdict" onClick={() => onWriting(true)}>{t(verdict ? 'verdict.change' : 'verdict.give')}</Button></div>
        )
      )}
    </section>
  );
}

function VerdictForm({ read, onSaved, onCancel }: Props & { onCancel: () => void }) {
  const given = read.view.verdict;
  // What was read when the writing began: news that arrive meanwhile must not slip past the comparison.
  const [base, setBase] = useState(read);
  const [draft, setDraft] = useState<VerdictIn>({ outcome: given?.outcome ?? null, disposition: given?.disposition ?? null, liability: given?.liability ?? null, note: given?.by_policy ? '' : (given?.note ?? '') });
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  // What no person decided is decided otherwise only with a reason.
  const needsReason = given?.by_policy === true && draft.outcome !== given.outcome && !draft.note.trim();
  const path = `/api/v1/cases/${encodeURIComponent(read.view.id)}`;
  const save = async (against: Read): Promise<void> => {
    setTried(true);
    setFailure(null);
    if (draft.outcome === null || needsReason || busy) return;
    setBusy(true);
    try {
      const saved = await decide(against);
      if (saved === null) return;
      toast(t('verdict.saved'));
      onSaved(saved);
    } catch (error) {
      if (!endedLogin(error)) setFailure(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const send = async (against: Read): Promise<Read> => {
    const saved = await callWithEtag<CaseView>('POST', `${path}/verdict`, { body: draft, headers: { 'If-Match': matchOf(against) } });
    return { view: saved.value, etag: saved.etag };
  };
  /** Null when something has changed that whoever decides wants to see first. */
  const decide = async (against: Read): Promise<Read | null> => {
    try {
      return await send(against);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'version_conflict')) throw error;
    }
    const found = await conflictSince(against);
    // Somebody took the case, or a deadline moved: nothing of what is decided about.
    if (found.changes.length === 0) return send(found.now);
    setConflict(found);
    return null;
  };
  const anyway = (): void => {
    if (conflict === null) return;
    setBase(conflict.now);
    setConflict(null);
    void save(conflict.now);
  };
  return (
    <form class="stack" noValidate data-test="verdict-form" onSubmit={(event) => { event.preventDefault(); void save(base); }}>
      <Select<Outcome | ''> label={t('verdict.outcome')} test="verdict-outcome" value={draft.outcome ?? ''} onPick={(value) => setDraft({ ...draft, outcome: value || null })} options={withNone(OUTCOMES, (one) => t(`outcome.${one}`))} error={tried && draft.outcome === null ? t('form.needed') : null} />
      <div class="form-row">
        <Select<Disposition | ''> label={t('verdict.disposition')} test="verdict-disposition" value={draft.disposition ?? ''} onPick={(value) => setDraft({ ...draft, disposition: value || null })} options={withNone(DISPOSITIONS, (one) => t(`disposition.${one}`))} />
        <Select<Liability | ''> label={t('verdict.liability')} test="verdict-liability" value={draft.liability ?? ''} onPick={(value) => setDraft({ ...draft, liability: value || null })} options={withNone(LIABILITIES, (one) => t(`liability.${one}`))} />
      </div>
      <TextArea label={t('verdict.note')} rows={3} test="verdict-note" value={draft.note} onInput={(event) => setDraft({ ...draft, note: event.currentTarget.value })} error={tried && needsReason ? t('verdict.reason_needed') : null} />
      {conflict ? <ConflictNotice conflict={conflict} busy={busy} onAnyway={anyway} onDiscard={() => onSaved(conflict.now)} /> : (
        <>
          {failure ? <p class="wrong" role="alert">{t('verdict.failed', { reason: failure })}</p> : null}
          <div class="row wrap">
            <Button type="submit" variant="primary" busy={busy} test="save-verdict">{t('verdict.save')}</Button>
            <Button onClick={onCancel}>{t('base.cancel')}</Button>
          </div>
        </>
      )}
    </form>
  );
}

function withNone<Value extends string>(values: readonly Value[], words: (value: Value) => string): { value: Value | ''; label: string }[] {
  return [{ value: '', label: t('verdict.choose') }, ...values.map((value) => ({ value, label: words(value) }))];
}
