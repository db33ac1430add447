/** What is done to all picked cases, with a report of those that refused and a way back. */
import { useState } from 'preact/hooks';
import { call, post } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { Button, Dialog, toast } from '../../base/ui';
import { AssigneeSelect, TagDialog } from '../case_tools';
import { SNOOZES, snoozeUntil } from '../snooze';
import { t } from '../text';
import { search } from './state';

interface Result {
  readonly case_id: string;
  readonly ok: boolean;
  readonly code: string | null;
  readonly message: string | null;
  readonly held_id: string | null;
  readonly assignee_before: string | null;
}

interface Order {
  readonly act: 'assign' | 'release' | 'close' | 'snooze' | 'unsnooze' | 'tag' | 'untag';
  readonly staff_id?: string;
  readonly until?: string;
  readonly tag?: string;
}

const send = async (case_ids: readonly string[], order: Order): Promise<Result[]> => (await post<{ results: Result[] }>('/api/v1/bulk', { case_ids, ...order })).results;

/** Take it back, as far as it went; each case as it was before. */
async function undo(order: Order, results: readonly Result[]): Promise<void> {
  const done = results.filter((one) => one.ok);
  const ids = done.map((one) => one.case_id);
  if (order.act === 'close') {
    await Promise.all(done.map((one) => call('DELETE', `/api/v1/cases/${encodeURIComponent(one.case_id)}/held/${encodeURIComponent(one.held_id ?? '')}`)));
  } else if (order.act === 'assign' || order.act === 'release') {
    for (const [staff_id, group] of grouped(done)) await send(group.map((one) => one.case_id), staff_id === null ? { act: 'release' } : { act: 'assign', staff_id });
  } else if (order.act === 'snooze') await send(ids, { act: 'unsnooze' });
  else if (order.act === 'tag' && order.tag !== undefined) await send(ids, { act: 'untag', tag: order.tag });
}

function grouped(results: readonly Result[]): Map<string | null, Result[]> {
  const groups = new Map<string | null, Result[]>();
  for (const one of results) groups.set(one.assignee_before, [...(groups.get(one.assignee_before) ?? []), one]);
  return groups;
}

interface Props {
  picked: ReadonlySet<string>;
  /** Everything that is shown. */
  all: readonly string[];
  onPick: (ids: readonly string[]) => void;
  onDone: () => void;
}

export function BulkBar({ picked, all, onPick, onDone }: Props) {
  const [asked, setAsked] = useState<'assign' | 'snooze' | 'tag' | 'close' | null>(null);
  const [busy, setBusy] = useState(false);
  const [staffId, setStaffId] = useState('');
  const [refused, setRefused] = useState<readonly Result[]>([]);
  const act = async (order: Order): Promise<void> => {
    setAsked(null);
    setBusy(true);
    try {
      const results = await send([...picked], order);
      const left = results.filter((one) => !one.ok);
      setRefused(left);
      const done = results.length - left.length;
      const back = (): void => void undo(order, results).then(onDone, (error: unknown) => { if (!endedLogin(error)) toast(failureWords(error)); onDone(); });
      if (done > 0) toast(t(order.act === 'close' ? 'bulk.closing' : 'bulk.done', { count: done }), { label: t('undo.undo'), run: back });
      onPick(left.map((one) => one.case_id));
      onDone();
    } catch (error) {
      if (!endedLogin(error)) toast(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="bulk" data-test="bulk-bar" aria-label={t('bulk.title', { count: picked.size })}>
      <div class="row wrap">
        <strong class="s">{t('bulk.title', { count: picked.size })}</strong>
        <Button size="small" busy={busy} test="bulk-assign" onClick={() => setAsked('assign')}>{t('bulk.assign')}</Button>
        <Button size="small" busy={busy} test="bulk-snooze" onClick={() => setAsked('snooze')}>{t('snooze.snooze')}</Button>
        <Button size="small" busy={busy} test="bulk-tag" onClick={() => setAsked('tag')}>{t('tags.add')}</Button>
        <Button size="small" busy={busy} test="bulk-close" onClick={() => setAsked('close')}>{t('bulk.close')}</Button>
        {picked.size < all.length ? <Button size="small" variant="plain" test="bulk-all" onClick={() => onPick(all)}>{t('bulk.all', { count: all.length })}</Button> : null}
        <Button size="small" variant="plain" test="bulk-none" onClick={() => onPick([])}>{t('bulk.none')}</Button>
      </div>
      {refused.length > 0 ? <Refused refused={refused} onClose={() => setRefused([])} /> : null}
      {asked === 'assign' ? (
        <Dialog title={t('bulk.assign')} onClose={() => setAsked(null)} test="bulk-assign-dialog" actions={<><Button onClick={() => setAsked(null)}>{t('base.cancel')}</Button><Button variant="primary" test="bulk-assign-yes" onClick={() => void act(staffId === '' ? { act: 'release' } : { act: 'assign', staff_id: staffId })}>{t('bulk.assign')}</Button></>}>
          <AssigneeSelect label={t('assign.to')} value={staffId} onPick={setStaffId} />
        </Dialog>
      ) : null}
      {asked === 'snooze' ? (
        <Dialog title={t('snooze.title')} onClose={() => setAsked(null)} test="bulk-snooze-dialog" actions={<Button onClick={() => setAsked(null)}>{t('base.cancel')}</Button>}>
          <p class="quiet s">{t('snooze.words')}</p>
          <div class="stack">{SNOOZES.map((name, at) => <Button key={name} autofocus={at === 0} test={`snooze-${name}`} onClick={() => void act({ act: 'snooze', until: snoozeUntil(name, new Date()).toISOString() })}>{t(`snooze.${name}`)}</Button>)}</div>
        </Dialog>
      ) : null}
      {asked === 'tag' ? <TagDialog has={[]} onClose={() => setAsked(null)} onPick={(tag) => void act({ act: 'tag', tag })} /> : null}
      {asked === 'close' ? (
        <Dialog title={t('bulk.close_question', { count: picked.size })} onClose={() => setAsked(null)} test="bulk-close-dialog" actions={<><Button onClick={() => setAsked(null)}>{t('base.cancel')}</Button><Button variant="danger" test="bulk-close-yes" onClick={() => void act({ act: 'close' })}>{t('bulk.close')}</Button></>}>
          <p>{t('close.words')}</p>
        </Dialog>
      ) : null}
    </section>
  );
}

/** Which cases refused, by their order, and why. */
function Refused({ refused, onClose }: { refused: readonly Result[]; onClose: () => void }) {
  const orderOf = (id: string): string => search.items.value.find((item) => item.id === id)?.order_number ?? id;
  return (
    <div class="conflict stack" role="alert" data-test="bulk-refused">
      <h3>{t('bulk.refused', { count: refused.length })}</h3>
      <ul class="s">{refused.map((one) => <li key={one.case_id}><span class="num">#{orderOf(one.case_id)}</span>: {one.message}</li>)}</ul>
      <div><Button size="small" onClick={onClose}>{t('base.close')}</Button></div>
    </div>
  );
}
