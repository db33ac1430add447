/** The way of a case after its decision: parcels, what was found and given, and what to do next. */
import { useState } from 'preact/hooks';
import { ApiError, callWithEtag } from '../base/api';
import type { CaseView, Grade, MoveName, Parcel } from '../base/protocol';
import { endedLogin, failureWords } from '../base/sign_in';
import { dateAndTime, money } from '../base/time';
import { Button, Chip, Dialog, Field, Select, TextArea, toast } from '../base/ui';
import { ASKED, bodyOf, checkBody, firstDraft, lineDrafts, missing, unfinishedLine, type Draft, type FieldName, type LineDraft } from './moves';
import { t } from './text';
import { DISPOSITIONS, LIABILITIES, type Read } from './verdict_card';

const GRADES: readonly Grade[] = ['A', 'B', 'C', 'D'];
const LONG: ReadonlySet<FieldName> = new Set(['address', 'note', 'words']);

export function WayCard({ read, onMoved }: { read: Read; onMoved: (read: Read) => void }) {
  const [asked, setAsked] = useState<MoveName | null>(null);
  const { view } = read;
  const checked = view.items.filter((item) => item.checked !== null);
  if (view.moves.length === 0 && view.parcels.length === 0 && view.settlements.length === 0) return null;
  const next = view.moves.find((move) => move === view.next_step) ?? null;
  const others = view.moves.filter((move) => move !== next);
  return (
    <section class="card stack" data-test="way-card" aria-labelledby="way-title">
      <h2 id="way-title">{t('way.title')}</h2>
      {view.parcels.map((parcel, i) => <ParcelLines key={i} parcel={parcel} />)}
      {checked.length > 0 ? (
        <ul class="stack found" data-test="checked-lines">
          {checked.map((item, i) => (
            <li key={i} class="s">
              <strong>{item.listing.title}</strong>
              <span class="row wrap">
                {item.checked?.grade ? <Chip tone={item.checked.grade === 'A' || item.checked.grade === 'B' ? 'proof' : 'warn'}>{t('way.grade', { grade: item.checked.grade })}</Chip> : null}
                <span class="quiet">{t('way.of', { count: item.checked?.returned ?? 0, total: item.quantity })} · {t(`disposition.${item.checked?.disposition ?? 'missing'}`)} · {t(`liability.${item.checked?.liability ?? 'unclear'}`)}</span>
              </span>
              {item.checked?.note ? <span dir="auto">{item.checked.note}</span> : null}
            </li>
          ))}
        </ul>
      ) : null}
      {view.settlements.map((one, i) => (
        <p key={i} class="s" data-test={`settlement-${i}`}>
          <strong>{one.amount ? t('way.given', { amount: money(one.amount, view.currency) }) : t('way.exchanged')}</strong>{' '}
          <span class="quiet">{[one.reference, dateAndTime(one.at)].filter(Boolean).join(' · ')}</span>
        </p>
      ))}
      {next ? <div><Button variant="primary" test={`move-${next}`} onClick={() => setAsked(next)}>{t(`move.${next}`)}</Button></div> : null}
      {others.length > 0 ? (
        <details class="other-moves" open={next === null}>
          <summary data-test="other-moves">{t('way.other')}</summary>
          <div class="row wrap">{others.map((move) => <Button key={move} size="small" test={`move-${move}`} onClick={() => setAsked(move)}>{t(`move.${move}`)}</Button>)}</div>
        </details>
      ) : null}
      {asked ? <MoveForm key={asked} move={asked} read={read} onClose={() => setAsked(null)} onMoved={(moved) => { setAsked(null); onMoved(moved); }} /> : null}
    </section>
  );
}

function ParcelLines({ parcel }: { parcel: Parcel }) {
  const facts = [parcel.carrier, parcel.tracking_number].filter(Boolean).join(' · ');
  return (
    <div class="s parcel" data-test={`parcel-${parcel.way}`}>
      <strong>{t(`way.parcel_${parcel.way}`)}</strong>
      {facts ? <p class="num">{facts}</p> : null}
      {parcel.address ? <p class="quiet lines" dir="auto">{parcel.address}</p> : null}
      {parcel.label_url ? <p><a href={parcel.label_url} target="_blank" rel="noopener noreferrer">{t('way.label')}</a></p> : null}
      <p class="xs faint">
        {parcel.received_at ? t('way.received_on', { when: dateAndTime(parcel.received_at) }) : parcel.shipped_at ? t('way.shipped_on', { when: dateAndTime(parcel.shipped_at) }) : t('way.not_shipped')}
      </p>
    </div>
  );
}

function MoveForm({ move, read, onClose, onMoved }: { move: MoveName; read: Read; onClose: () => void; onMoved: (read: Read) => void }) {
  const { view } = read;
  const [draft, setDraft] = useState<Draft>(firstDraft(move, view));
  const [lines, setLines] = useState<LineDraft[]>(() => lineDrafts(view));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const lacking = move === 'check' ? [] : missing(move, draft);
  const unfinished = move === 'check' ? unfinishedLine(lines) : null;
  const send = async (): Promise<void> => {
    setTried(true);
    setFailure(null);
    if (lacking.length > 0 || unfinished !== null || busy) return;
    setBusy(true);
    try {
      const moved = await callWithEtag<CaseView>('POST', `/api/v1/cases/${encodeURIComponent(view.id)}/moves`, {
        body: move === 'check' ? checkBody(lines) : bodyOf(move, draft),
        headers: { 'If-Match': read.etag ?? `"${view.version}"` },
      });
      toast(t('way.done'));
      onMoved({ view: moved.value, etag: moved.etag });
    } catch (error) {
      if (endedLogin(error)) return;
      setFailure(error instanceof ApiError && error.code === 'version_conflict' ? t('way.changed') : failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const change = (at: number, part: Partial<LineDraft>): void => setLines(lines.map((line, i) => (i === at ? { ...line, ...part } : line)));
  return (
    <Dialog
      title={t(`move.${move}`)}
      onClose={onClose}
      test="move-dialog"
      actions={<><Button onClick={onClose}>{t('base.cancel')}</Button><Button variant="primary" busy={busy} test="make-move" onClick={() => void send()}>{t(`move.${move}`)}</Button></>}
    >
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void send(); }}>
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
      <legend>{title}</legend>
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
