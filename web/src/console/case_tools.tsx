/** What is done to a case as a whole: give it to somebody, put it aside for later, tag it, close it. */
import { useEffect, useState } from 'preact/hooks';
import { call, get, put } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords, staff } from '../base/sign_in';
import { dateAndTime } from '../base/time';
import { Button, Chip, Dialog, Field, Icon, Select, toast } from '../base/ui';
import { useShortcuts } from './shortcuts';
import { SNOOZES, snoozeUntil, type SnoozeName } from './snooze';
import { t } from './text';

interface Props {
  view: CaseView;
  /** Ask before it is closed, then hold it for ten seconds. */
  onClose: () => void;
  onChanged: () => void;
}

export function CaseTools({ view, onClose, onChanged }: Props) {
  const [asked, setAsked] = useState<'snooze' | 'tag' | null>(null);
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}`;
  const may = staff.value?.organisation.kind === 'tenant' && staff.value.roles.some((role) => role === 'agent' || role === 'admin');
  const snoozed = view.snoozed_until !== null && Date.parse(view.snoozed_until) > Date.now() ? view.snoozed_until : null;
  const open = view.state !== 'closed';
  /** Do it, say so, and offer the way back. */
  const act = async (does: () => Promise<unknown>, done: string, undoes: () => Promise<unknown>): Promise<void> => {
    setAsked(null);
    try {
      await does();
      onChanged();
      toast(done, { label: t('undo.undo'), run: () => void undoes().then(onChanged, failed) });
    } catch (error) {
      failed(error);
    }
  };
  const tagPath = (tag: string): string => `${path}/tags/${encodeURIComponent(tag)}`;
  const putTag = (tag: string): Promise<void> => act(() => call('PUT', tagPath(tag)), t('tags.put', { tag }), () => call('DELETE', tagPath(tag)));
  const dropTag = (tag: string): Promise<void> => act(() => call('DELETE', tagPath(tag)), t('tags.dropped', { tag }), () => call('PUT', tagPath(tag)));
  const snooze = (name: SnoozeName): Promise<void> => {
    const until = snoozeUntil(name, new Date()).toISOString();
    return act(() => put(`${path}/snooze`, { until }), t('snooze.done', { when: dateAndTime(until) }), () => call('DELETE', `${path}/snooze`));
  };
  const wake = (until: string): Promise<void> => act(() => call('DELETE', `${path}/snooze`), t('snooze.over'), () => put(`${path}/snooze`, { until }));
  useShortcuts(may ? [
    { keys: 't', words: () => t('keys.tag'), run: () => setAsked('tag') },
    ...(open ? [{ keys: 'h', words: () => t('keys.snooze'), run: () => setAsked('snooze') }] : []),
  ] : []);
  return (
    <div class="row wrap case-tools" data-test="case-tools">
      {view.tags.map((tag) => (
        <span key={tag} class="tag" data-test="tag">
          <Chip>{tag}</Chip>
          {may ? <button type="button" class="tag-drop" aria-label={t('tags.drop', { tag })} onClick={() => void dropTag(tag)}><Icon name="close" /></button> : null}
        </span>
      ))}
      {may ? (
        <>
          <Button size="small" variant="plain" icon="plus" test="add-tag" onClick={() => setAsked('tag')}>{t('tags.add')}</Button>
          {snoozed ? <Button size="small" icon="clock" test="wake" onClick={() => void wake(snoozed)}>{t('snooze.until', { when: dateAndTime(snoozed) })}</Button>
            : open ? <Button size="small" variant="plain" icon="clock" test="snooze" onClick={() => setAsked('snooze')}>{t('snooze.snooze')}</Button> : null}
          {open ? <Button size="small" variant="plain" icon="check" test="close-case" onClick={onClose}>{t('step.close')}</Button> : null}
        </>
      ) : null}
      {asked === 'snooze' ? (
        <Dialog title={t('snooze.title')} onClose={() => setAsked(null)} test="snooze-dialog" actions={<Button onClick={() => setAsked(null)}>{t('base.cancel')}</Button>}>
          <p class="quiet s">{t('snooze.words')}</p>
          <div class="stack">{SNOOZES.map((name, at) => <Button key={name} autofocus={at === 0} test={`snooze-${name}`} onClick={() => void snooze(name)}>{t(`snooze.${name}`)}</Button>)}</div>
        </Dialog>
      ) : null}
      {asked === 'tag' ? <TagDialog has={view.tags} onClose={() => setAsked(null)} onPick={(tag) => void putTag(tag)} /> : null}
    </div>
  );
}

function failed(error: unknown): void {
  if (!endedLogin(error)) toast(t('link.failed', { reason: failureWords(error) }));
}

export function TagDialog({ has, onClose, onPick }: { has: readonly string[]; onClose: () => void; onPick: (tag: string) => void }) {
  const [known, setKnown] = useState<readonly string[]>([]);
  const [tag, setTag] = useState('');
  useEffect(() => {
    get<{ items: string[] }>('/api/v1/tags').then(({ items }) => setKnown(items), () => undefined);
  }, []);
  const pick = (): void => { if (tag.trim()) onPick(tag.trim().toLowerCase()); };
  return (
    <Dialog title={t('tags.add')} onClose={onClose} test="tag-dialog" actions={<><Button onClick={onClose}>{t('base.cancel')}</Button><Button variant="primary" disabled={!tag.trim()} test="tag-yes" onClick={pick}>{t('tags.add')}</Button></>}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); pick(); }}>
        <Field autofocus label={t('tags.tag')} test="tag-words" maxLength={40} value={tag} onInput={(event) => setTag(event.currentTarget.value)} />
      </form>
      <div class="row wrap">{known.filter((one) => !has.includes(one) && one.includes(tag.trim().toLowerCase())).slice(0, 12).map((one) => <Button key={one} size="small" onClick={() => onPick(one)}>{one}</Button>)}</div>
    </Dialog>
  );
}

interface Choice {
  readonly staff_id: string;
  readonly name: string;
  readonly open_cases: number;
}

/** A choice of who can be given cases; empty is nobody. */
export function AssigneeSelect({ value, onPick, label }: { value: string; onPick: (staffId: string) => void; label: string }) {
  const [people, setPeople] = useState<readonly Choice[]>([]);
  useEffect(() => {
    get<{ items: Choice[] }>('/api/v1/assignees').then(({ items }) => setPeople(items), () => undefined);
  }, []);
  return (
    <Select
      label={label} test="assignee" value={value} onPick={onPick}
      options={[{ value: '', label: t('assign.nobody') }, ...people.map((one) => ({ value: one.staff_id, label: t('assign.person', { name: one.name, count: one.open_cases }) }))]}
    />
  );
}
