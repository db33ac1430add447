/** On a case's page: until when it is kept and why, its legal hold, and its erasure. */
import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../../base/api';
import type { CaseView } from '../../base/protocol/case';
import { endedLogin } from '../../base/sign_in';
import { addText } from '../../base/text';
import { dateAndTime } from '../../base/time';
import { Button, Dialog, Field, Skeleton, TextArea } from '../../base/ui';
import { useAct } from '../asking';
import { t } from '../text';
import { keepingWords, tk } from './text';

interface Keeping {
  readonly kept_until: string | null;
  readonly why: 'open' | 'disputed' | 'held' | 'no_rule' | 'rule';
  readonly rule: { readonly days: number } | null;
  readonly hold: { readonly reason: string; readonly placed_at: string; readonly placed_by: string } | null;
  readonly may_change: boolean;
}

type Asked = 'hold' | 'release' | 'erase';

export function KeepingCard({ view, onChanged }: { view: CaseView; onChanged: () => void }) {
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}`;
  const [keeping, setKeeping] = useState<Keeping | null>(null);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const load = async (): Promise<void> => {
    try {
      const [found] = await Promise.all([get<Keeping>(`${path}/keeping`), addText(keepingWords)]);
      setKeeping(found);
      setReady(true);
      setFailed(false);
    } catch (error) {
      if (!endedLogin(error)) setFailed(true);
    }
  };
  useEffect(() => void load(), [view.id, view.version]);
  const done = (): void => {
    setAsked(null);
    void load();
    onChanged();
  };
  if (!ready) {
    return <section class="card stack" data-test="keeping-card">{failed ? <Button onClick={() => void load()}>{t('base.try_again')}</Button> : <Skeleton height={64} />}</section>;
  }
  return (
    <section class="card stack" data-test="keeping-card" aria-labelledby="keeping-title">
      <h2 id="keeping-title">{tk('keep.title')}</h2>
      {keeping === null ? null : (
        <>
          <p class="s" data-test="kept-until">
            {keeping.kept_until !== null ? tk('keep.until', { when: dateAndTime(keeping.kept_until) }) : tk(`keep.why.${keeping.why}`)}
          </p>
          {keeping.rule !== null ? <p class="xs faint">{tk('keep.rule', { days: keeping.rule.days })}</p> : null}
          {keeping.hold !== null ? (
            <div class="notice" data-test="legal-hold">
              <b>{tk('keep.held')}</b>
              <p class="s"><bdi>{keeping.hold.reason}</bdi></p>
              <p class="xs faint">{tk('keep.placed', { when: dateAndTime(keeping.hold.placed_at), name: keeping.hold.placed_by })}</p>
            </div>
          ) : null}
          {keeping.may_change ? (
            <p class="row wrap">
              {keeping.hold === null
                ? <Button test="place-hold" onClick={() => setAsked('hold')}>{tk('keep.hold')}</Button>
                : <Button test="release-hold" onClick={() => setAsked('release')}>{tk('keep.release')}</Button>}
              {keeping.hold === null && view.state === 'closed' ? <Button variant="danger" test="erase" onClick={() => setAsked('erase')}>{tk('keep.erase')}</Button> : null}
            </p>
          ) : null}
        </>
      )}
      {asked !== null ? <Because asked={asked} path={path} orderNumber={view.order_number} onClose={() => setAsked(null)} onDone={done} /> : null}
    </section>
  );
}

const PLACES: Record<Asked, string> = { hold: 'legal-hold', release: 'legal-hold/release', erase: 'erasure' };

interface BecauseProps {
  asked: Asked;
  path: string;
  orderNumber: string;
  onClose: () => void;
  onDone: () => void;
}

/** Why it is done; what cannot be undone also wants the order number written out. */
function Because({ asked, path, orderNumber, onClose, onDone }: BecauseProps) {
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [busy, act] = useAct();
  const sure = reason.trim() !== '' && (asked !== 'erase' || typed.trim() === orderNumber);
  const say = async (): Promise<void> => {
    await post(`${path}/${PLACES[asked]}`, asked === 'erase' ? { reason, order_number: typed } : { reason });
    onDone();
  };
  return (
    <Dialog
      title={tk(`keep.${asked}`)} onClose={onClose} test="keeping-dialog"
      actions={<><Button onClick={onClose}>{t('base.cancel')}</Button><Button variant={asked === 'erase' ? 'danger' : 'primary'} busy={busy} disabled={!sure} test="keeping-yes" onClick={() => void act(say)}>{tk(`keep.${asked}`)}</Button></>}
    >
      <p>{tk(`keep.${asked}_words`)}</p>
      <TextArea label={tk('keep.reason')} test="keeping-reason" maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      {asked === 'erase' ? <Field label={tk('keep.type', { number: orderNumber })} test="keeping-number" autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /> : null}
    </Dialog>
  );
}
