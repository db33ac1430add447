/** The access log: who looked at what, filtered, page by page, and as a table to take away. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { dateAndTime } from '../../base/time';
import { Button, Chip, Field, Select, Skeleton } from '../../base/ui';
import type { AccessEntry } from './kinds';
import { tq } from './text';
import './people.css';

const WHATS = ['case', 'timeline', 'recording', 'still', 'call', 'thread', 'attachment', 'invited', 'invitation_ended', 'roles_changed', 'disabled', 'enabled', 'reset_link_made', 'second_factor_removed', 'second_factor_rule'] as const;
type What = (typeof WHATS)[number];

function whatWords(what: string): string {
  const known = WHATS.find((one) => one === what);
  return known ? tq(`access.what.${known}`) : what;
}

function queryOf(filters: { what: string; id: string; since: string; until: string; who: { actor: string } | null }): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.what) query.set('what', filters.what);
  if (filters.id.trim()) query.set('subject_id', filters.id.trim());
  if (filters.since) query.set('since', new Date(`${filters.since}T00:00`).toISOString());
  if (filters.until) query.set('until', new Date(`${filters.until}T23:59:59`).toISOString());
  if (filters.who) query.set('who', filters.who.actor);
  return query;
}

export function AccessPage() {
  const [what, setWhat] = useState<What | ''>('');
  const [id, setId] = useState('');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const [who, setWho] = useState<{ actor: string; name: string } | null>(null);
  const [items, setItems] = useState<readonly AccessEntry[] | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const asked = useRef(0);
  const filters = { what, id, since, until, who };
  const load = async (from: number | null): Promise<void> => {
    const mine = (asked.current += 1);
    try {
      const query = queryOf(filters);
      query.set('limit', '50');
      if (from !== null) query.set('cursor', String(from));
      const page = await get<{ items: AccessEntry[]; next_cursor: number | null }>(`/api/v1/access-log?${query.toString()}`);
      if (mine !== asked.current) return;
      setItems((before) => (from !== null && before ? [...before, ...page.items] : page.items));
      setCursor(page.next_cursor);
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error) && mine === asked.current) setFailure(failureWords(error));
    }
  };
  useEffect(() => {
    const later = setTimeout(() => void load(null), 200);
    return () => clearTimeout(later);
  }, [what, id, since, until, who?.actor]);
  return (
    <main class="page sheet-page" data-test="access-page">
      <header class="row between wrap"><div><h1>{tq('access.title')}</h1><p class="quiet">{tq('access.intro')}</p></div><a class="button" href={`/api/v1/access-log.csv?${queryOf(filters).toString()}`} download="access-log.csv" data-test="csv">{tq('access.csv')}</a></header>
      <section class="card access-filters">
        <Select<What | ''> label={tq('access.what')} value={what} test="what" options={[{ value: '', label: tq('access.everything') }, ...WHATS.map((value) => ({ value, label: whatWords(value) }))]} onPick={setWhat} />
        <Field label={tq('access.since')} type="date" value={since} onInput={(event) => setSince(event.currentTarget.value)} />
        <Field label={tq('access.until')} type="date" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        <Field label={tq('access.id')} value={id} spellcheck={false} onInput={(event) => setId(event.currentTarget.value)} />
        {who ? <Button icon="close" onClick={() => setWho(null)}>{tq('access.everybody')}</Button> : null}
      </section>
      <section class="card stack" aria-live="polite">
        {failure !== null ? <p class="wrong" role="alert">{failure}</p> : null}
        {who ? <p><Chip tone="note">{tq('access.who', { name: who.name })}</Chip></p> : null}
        {items === null ? <Skeleton height={240} /> : items.length === 0 && cursor === null ? <p class="quiet">{tq('access.none')}</p> : (
          <div class="access-frame">
            <table class="access-table">
              <thead><tr><th>{tq('access.when')}</th><th>{tq('access.person')}</th><th>{tq('access.what')}</th><th>{tq('access.subject')}</th></tr></thead>
              <tbody>
                {items.map((item) => (
                  <tr key={item.seq} data-test={`access-${item.seq}`}>
                    <td><time datetime={item.at}>{dateAndTime(item.at)}</time></td>
                    <td><button type="button" class="who-button" onClick={() => setWho({ actor: item.actor, name: item.name || item.actor })}>{item.name || item.actor}</button>{item.organisation ? <span class="xs quiet"> · {item.organisation}</span> : null}</td>
                    <td>{whatWords(item.what)}</td>
                    <td class="mono">{item.what === 'case' ? <a href={`/console?case=${encodeURIComponent(item.subject_id)}`}>{item.subject_id}</a> : item.subject_id}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {cursor !== null ? <div><Button onClick={() => void load(cursor)}>{tq('people.more')}</Button></div> : null}
      </section>
    </main>
  );
}
