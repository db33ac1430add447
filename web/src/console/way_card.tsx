/** The way of a case after its decision: what was found, and what may be done next. */
import { useState } from 'preact/hooks';
import { ApiError, callWithEtag } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { Grade, MoveName } from '../base/protocol/words';
import { endedLogin, failureWords } from '../base/sign_in';
import { Button, Chip, Dialog, Field, Select, TextArea, toast } from '../base/ui';
import { ConflictNotice, conflictSince, matchOf, type Conflict, type Read } from './conflict';
import { ASKED, bodyOf, checkBody, firstDraft, lineDrafts, missing, unfinishedLine, type Draft, type FieldName, type LineDraft } from './moves';
import { t } from './text';
import { DISPOSITIONS, LIABILITIES } from './verdict_card';

const GRADES: readonly Grade[] = ['A', 'B', 'C', 'D'];
const LONG: ReadonlySet<FieldName> = new Set(['address', 'note', 'words']);

interface Props {
  read: Read;
  /** The move whose form is open. */
  asked: MoveName | null;
  onAsk: (move: MoveName | null) => void;
  onMoved: (read: Read) => void;
}

export function WayCard({ read, asked, onAsk, onMoved }: Props) {
  const { view } = read;
  const checked = view.items.filter((item) => item.checked !== null);
  if (view.moves.length === 0 && checked.length === 0) return null;
  const next = view.moves.find((move) => move === view.next_step) ?? null;
  const others = view.moves.filter((move) => move !== next);
  return (
    <section class="card stack" data-test="way-card" aria-labelledby="way-title">
      <h2 id="way-title">{t('way.title')}</h2>
      {checked.length > 0 ? (
        <ul class="stack found" data-test="checked-lines">
          {checked.map((item, i) => (
            <li key={i} class="s">
              <strong><bdi>{item.listing.title}</bdi></strong>
              <span class="row wrap">
                {item.checked?.grade ? <Chip tone={item.checked.grade === 'A' || item.checked.grade === 'B' ? 'proof' : 'warn'}>{t('way.grade', { grade: item.checked.grade })}</Chip> : null}
                <span class="quiet">{t('way.of', { count: item.checked?.returned ?? 0, total: item.quantity })} · {t(`disposition.${item.checked?.disposition ?? 'missing'}`)} · {t(`liability.${item.checked?.liability ?? 'unclear'}`)}</span>
              </span>
              {item.checked?.note ? <span dir="auto">{item.checked.note}</span> : null}
            </li>
          ))}
        </ul>
      ) : null}
      {next ? <div><Button test={`move-${next}`} onClick={() => onAsk(next)}>{t(`move.${next}`)}</Button></div> : null}
      {others.length > 0 ? (
        <details class="other-moves" open={next === null}>
          <summary data-test="other-moves">{t('way.other')}</summary>
          <div class="row wrap">{others.map((move) => <Button key={move} size="small" test={`move-${move}`} onClick={() => onAsk(move)}>{t(`move.${move}`)}</Button>)}</div>
        </details>
      ) : null}
      {asked ? <MoveForm key={asked} move={asked} read={read} onClose={() => onAsk(null)} onMoved={(moved) => { onAsk(null); onMoved(moved); }} /> : null}
    </section>
  );
}

function MoveForm({ move, read, onClose, onMoved }: { move: MoveName; read: Read; onClose: () => void; onMoved: (read: Read) => void }) {
  const { view } = read;
  const [draft, setDraft] = useState<Draft>(firstDraft(move, view));
  const [lines, setLines] = useState<LineDraft[]>(() => lineDrafts(view));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  // What was read when the form was opened: news that arrive meanwhile must not slip past the comparison.
  const [base, setBase] = useState(read);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const lacking = move === 'check' ? [] : missing(move, draft);
  const unfinished = move === 'check' ? unfinishedLine(lines) : null;
  const send = async (against: Read): Promise<void> => {
    setTried(true);
    setFailure(null);
    if (lacking.length > 0 || unfinished !== null || busy) return;
    setBusy(true);
    try {
      const moved = await callWithEtag<CaseView>('POST', `/api/v1/cases/${encodeURIComponent(view.id)}/moves`, {
        body: move === 'check' ? checkBody(lines) : bodyOf(move, draft),
        headers: { 'If-Match': matchOf(against) },
      });
      toast(t('way.done'));
      onMoved({ view: moved.value, etag: moved.etag });
    } catch (error) {
      if (endedLogin(error)) return;
      if (error instanceof ApiError && error.code === 'version_conflict') await compare(against);
      else setFailure(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const compare = async (against: Read): Promise<void> => {
    try {
      setConflict(await conflictSince(against));
    } catch (error) {
      setFailure(failureWords(error));
    }
  };
  const anyway = (): void => {
    if (conflict === null) return;
    setBase(conflict.now);
    setConflict(null);
    void send(conflict.now);
  };
  const change = (at: number, part: Partial<LineDraft>): void => setLines(lines.map((line, i) => (i === at ? { ...line, ...part } : line)));
  return (
    <Dialog
      title={t(`move.${move}`)}
      onClose={onClose}
      test="move-dialog"
      actions={conflict ? null : <><Button onClick={onClose}>{t('base.cancel')}</Button><Button variant="primary" busy={busy} test="make-move" onClick={() => void send(base)}>{t(`move.${move}`)}</Button></>}
    >
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void send(base); }}>
        <p class="quiet">{t(`move_hint.${move}`)}</p>
        {move === 'check'
          ? lines.map((line, at) => <LineFields key={at} title={view.items[at]?.listing.title ?? ''} bought={view.items[at]?.quantity ?? 1} at={at} line={line} wrong={tried && unfinished === at} onChange={(part) => change(at, part)} />)
          : ASKED[move].map(({ name, needed }) => {
              const error = tried && lacking.includes(name) ? t('form.needed') : null;
              const set = (event: { currentTarget: { value: string } }) => setDraft({ ...draft, [name]: event.currentTarget.value });
              const label = name === 'amount' ? t('field.amount', { currency: view.currency }) : t(`field.${name}`);
              return LONG.has(name)
                ? <TextArea key={name} label={label} rows={3} test={`move-${name}`} value={draft[name] ?? ''} onInput={set} error={error} />
                : <Field key={name} label={label} test={`move-${name}`} value={draft[name] ?? ''} onInput={set} error={error} required={needed} inputMode={name === 'amount' ? 'decimal' : name === 'label_url' ? 'url' : undefined} />;
            })}
        {conflict ? <ConflictNotice conflict={conflict} busy={busy} onAnyway={anyway} onDiscard={() => onMoved(conflict.now)} /> : null}
        {failure ? <p class="wrong" role="alert" data-test="move-failed">{failure}</p> : null}
      </form>
    </Dialog>
  );
}

function LineFields({ title, bought, at, line, wrong, onChange }: { title: string; bought: number; at: number; line: LineDraft; wrong: boolean; onChange: (part: Partial<LineDraft>) => void }) {
  const choose = { value: '' as const, label: t('verdict.choose') };
  const came = Number(line.returned) > 0;
  return (
    <fieldset class="stack line-check">
      <legend><bdi>{title}</bdi></legend>
      <div class="form-row">
        <Field label={t('way.came_back', { total: bought })} inputMode="numeric" test={`line-${at}-returned`} value={line.returned} onInput={(event) => onChange({ returned: event.currentTarget.value })} />
        <Select<Grade | ''> label={t('way.condition')} test={`line-${at}-grade`} value={came ? line.grade : ''} onPick={(grade) => onChange({ grade })} options={[choose, ...(came ? GRADES.map((value) => ({ value, label: t(`grade.${value}`) })) : [])]} />
      </div>
      <div class="form-row">
        <Select<LineDraft['disposition']> label={t('verdict.disposition')} test={`line-${at}-disposition`} value={line.disposition} onPick={(disposition) => onChange({ disposition })} options={[choose, ...DISPOSITIONS.map((value) => ({ value, label: t(`disposition.${value}`) }))]} />
        <Select<LineDraft['liability']> label={t('verdict.liability')} test={`line-${at}-liability`} value={line.liability} onPick={(liability) => onChange({ liability })} options={[choose, ...LIABILITIES.map((value) => ({ value, label: t(`liability.${value}`) }))]} />
      </div>
      <Field label={t('way.note')} test={`line-${at}-note`} value={line.note} onInput={(event) => onChange({ note: event.currentTarget.value })} />
      {wrong ? <p class="wrong" role="alert">{t('way.line_needed')}</p> : null}
    </fieldset>
  );
}
