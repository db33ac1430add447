/** What is due in a case, in one's own time and the desk's, and whose the case is. */
import { useEffect, useState } from 'preact/hooks';
import { call, get, put } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, staff } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Skeleton } from '../base/ui';
import { DueChip } from '../staff/due_chip';
import { deadlineWords, type DeadlineKind } from './due_words';
import { onNews } from './news';
import { t } from './text';

interface Deadline {
  kind: DeadlineKind;
  due_at: string | null;
  paused: boolean;
  missed: boolean;
  ended_at: string | null;
}

interface Due {
  assignee: { staff_id: string | null; name: string | null };
  desk_zone: string;
  deadlines: Deadline[];
}

function atDesk(at: string, zone: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(new Date(at));
}

export function DueCard({ view, onChanged }: { view: CaseView; onChanged: () => void }) {
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}`;
  const [due, setDue] = useState<Due | null>(null);
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = async (request: () => Promise<Due>, changes: boolean): Promise<void> => {
    setBusy(changes);
    try {
      setDue(await request());
      setFailed(false);
      if (changes) onChanged();
    } catch (error) {
      if (!endedLogin(error)) setFailed(true);
    }
    setBusy(false);
  };
  useEffect(() => {
    const read = (): void => void act(() => get<Due>(`${path}/deadlines`), false);
    read();
    // A deadline that is missed, or a case passed on by that, changes nothing else of the case.
    return onNews(read);
  }, [view.id, view.version, view.updated_at]);
  const may = staff.value?.organisation.kind === 'tenant' && staff.value.roles.some((role) => role === 'agent' || role === 'admin');
  const open = due?.deadlines.filter((row) => row.ended_at === null) ?? [];
  return (
    <section class="card stack" data-test="due-card" aria-labelledby="due-title">
      <h2 id="due-title">{t('due.title')}</h2>
      {failed ? <p class="s quiet" role="alert">{t('due.failed')}</p> : null}
      {due === null ? failed ? null : <Skeleton height={64} /> : (
        <>
          {open.length === 0 ? <p class="s quiet">{t('due.none')}</p> : null}
          {open.map((row) => (
            <div key={row.kind} data-test={`due-${row.kind}`}>
              <span class="row between wrap"><b>{deadlineWords(row.kind)}</b><DueChip dueAt={row.due_at} /></span>
              <p class="xs faint">
                {row.paused || row.due_at === null ? t('due.paused') : `${dateAndTime(row.due_at)} · ${t('due.zones', { zone: due.desk_zone, when: atDesk(row.due_at, due.desk_zone) })}`}
              </p>
            </div>
          ))}
          <p class="s">{due.assignee.name ? t('due.has', { name: due.assignee.name }) : t('due.nobody')}</p>
          {may && view.state !== 'closed' ? (
            due.assignee.staff_id === null ? (
              <Button busy={busy} test="take-case" onClick={() => void act(() => put<Due>(`${path}/assignee`, {}), true)}>{t('due.take')}</Button>
            ) : (
              <Button busy={busy} test="release-case" onClick={() => void act(() => call<Due>('DELETE', `${path}/assignee`), true)}>{t('due.release')}</Button>
            )
          ) : null}
        </>
      )}
    </section>
  );
}
