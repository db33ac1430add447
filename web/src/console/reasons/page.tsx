/** Which reasons the form offers for which category, in which order and words. */
import { useEffect, useState } from 'preact/hooks';
import { endedLogin, failureWords } from '../../base/sign_in';
import { directionOf } from '../../base/text';
import { languageName } from '../../base/time';
import { Button, Field, Icon, IconButton, Select, Skeleton, toast } from '../../base/ui';
import { LANGUAGES } from '../scripts';
import { t } from '../text';
import { changeChoice, dropChoice, EVERYTHING, offeredOf, readChoices, rowsOf, saveChoice, type Choice, type Row } from './choices';
import { tq } from './text';
import './reasons.css';

export function ReasonsPage() {
  const [choices, setChoices] = useState<readonly Choice[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [category, setCategory] = useState(EVERYTHING);
  const [added, setAdded] = useState<readonly string[]>([]);
  const [name, setName] = useState('');
  const load = async (): Promise<void> => {
    try {
      setChoices(await readChoices());
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => void load(), []);
  const known = [...new Set([EVERYTHING, ...(choices ?? []).map((one) => one.category), ...added])];
  const add = (): void => {
    const wanted = name.trim();
    if (!wanted) return;
    setAdded([...added, wanted]);
    setCategory(wanted);
    setName('');
  };
  if (failure !== null && choices === null) {
    return <main class="page nothing"><div class="notice bad"><Icon name="warning" /><h1>{tq('reasons.failed')}</h1><p class="quiet">{failureWords(failure)}</p><Button variant="primary" onClick={() => void load()}>{t('base.try_again')}</Button></div></main>;
  }
  const choice = choices?.find((one) => one.category === category) ?? null;
  return (
    <main class="page" data-test="reasons-page">
      <header class="stack"><h1>{tq('reasons.title')}</h1><p class="quiet">{tq('reasons.intro')}</p></header>
      <section class="card stack">
        <Select label={tq('reasons.category')} test="reasons-category" value={category} onPick={setCategory} options={known.map((value) => ({ value, label: value === EVERYTHING ? tq('reasons.all') : value }))} />
        <form class="row wrap new-category" noValidate onSubmit={(event) => { event.preventDefault(); add(); }}>
          <Field label={tq('reasons.new')} hint={tq('reasons.new_name')} test="new-category" maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" icon="plus" disabled={!name.trim()} test="add-category">{tq('reasons.add')}</Button>
        </form>
      </section>
      {choices === null ? <Skeleton height={300} /> : <Reasons key={`${category}-${JSON.stringify(choice)}`} category={category} choice={choice} fallback={choices.find((one) => one.category === EVERYTHING) ?? null} onChanged={load} />}
    </main>
  );
}

function Reasons({ category, choice, fallback, onChanged }: { category: string; choice: Choice | null; fallback: Choice | null; onChanged: () => Promise<void> }) {
  const [rows, setRows] = useState<readonly Row[]>(rowsOf(choice ?? fallback));
  const [language, setLanguage] = useState('en');
  const [busy, setBusy] = useState(false);
  const none = rows.every((row) => !row.on);
  const change = (at: number, part: Partial<Row>): void => setRows(rows.map((row, i) => (i === at ? { ...row, ...part } : row)));
  const up = (at: number): void => setRows(rows.map((row, i) => (i === at - 1 ? rows[at] : i === at ? rows[at - 1] : row)).filter((row) => row !== undefined));
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await work();
      await onChanged();
    } catch (error) {
      if (!endedLogin(error)) toast(failureWords(error));
    } finally {
      setBusy(false);
    }
  };
  const save = (): Promise<void> => attempt(async () => {
    await changeChoice(category, choice, offeredOf(rows));
    toast(tq('reasons.saved'));
  });
  const drop = (before: Choice): Promise<void> => attempt(async () => {
    await dropChoice(category);
    toast(tq('reasons.dropped'), { label: tq('reasons.undo'), run: () => void attempt(() => saveChoice(category, before.reasons)) });
  });
  return (
    <section class="card stack" aria-label={tq('reasons.title')}>
      <Select label={t('thread.language')} test="reasons-language" value={language} onPick={setLanguage} options={LANGUAGES.map((value) => ({ value, label: languageName(value) }))} />
      <ul class="stack reason-rows">
        {rows.map((row, at) => {
          const reason = t(`reason.${row.reason}`);
          return (
            <li key={row.reason} class="reason-row" data-test={`offer-${row.reason}`}>
              <label class="choice"><input type="checkbox" checked={row.on} aria-label={tq('reasons.offered', { reason })} onChange={(event) => change(at, { on: event.currentTarget.checked })} /><span>{reason}</span></label>
              <input class="input" aria-label={tq('reasons.words', { reason })} placeholder={tq('reasons.shipped')} maxLength={60} lang={language} dir={directionOf(language)} disabled={!row.on} value={row.words[language] ?? ''} onInput={(event) => change(at, { words: { ...row.words, [language]: event.currentTarget.value } })} />
              <IconButton icon="back" class="up" label={tq('reasons.up', { reason })} disabled={at === 0} onClick={() => up(at)} />
            </li>
          );
        })}
      </ul>
      {none ? <p class="wrong" role="alert">{tq('reasons.needed')}</p> : null}
      <div class="row wrap">
        <Button variant="primary" busy={busy} disabled={none} test="save-reasons" onClick={() => void save()}>{tq('reasons.save')}</Button>
        {choice ? <Button busy={busy} test="drop-reasons" onClick={() => void drop(choice)}>{tq('reasons.drop')}</Button> : null}
      </div>
    </section>
  );
}
