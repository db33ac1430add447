/** The seller's return policy: its versions, and one of them to read, change, try and put in force. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../base/api';
import { endedLogin, failureWords, staff } from '../../base/sign_in';
import { ago, dateAndTime } from '../../base/time';
import { Button, Chip, Dialog, Icon, Skeleton, type Tone } from '../../base/ui';
import { follow, go, guardLeaving, route } from '../route';
import { DiffCard } from './diff_card';
import { Editor } from './editor';
import { ForceCard } from './force_card';
import { PreviewCard } from './preview_card';
import { RulesRead } from './rule_list';
import { readVersion, readVersions, type PolicyState, type PolicyVersion, type Version } from './rules';
import { Start, type Beginning } from './start';
import { tp } from './text';
import { TrialCard } from './trial_card';
import { unsaved } from './unsaved';
import './policies.css';

const TONES: Readonly<Record<PolicyState, Tone>> = { draft: 'plain', pilot: 'note', tried: 'plain', scheduled: 'warn', live: 'proof', past: 'plain' };
/** The address of a version that is not saved yet; with an id behind it, its rules to begin with. */
const NEW = 'new';

const narrowScreen = matchMedia('(max-width: 760px)');
const narrow = signal(narrowScreen.matches);
narrowScreen.addEventListener('change', () => { narrow.value = narrowScreen.matches; });

export function PoliciesPage() {
  const chosen = route.value.item;
  const [versions, setVersions] = useState<readonly Version[] | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [leaving, setLeaving] = useState<(() => void) | null>(null);
  const load = async (): Promise<void> => {
    try {
      const page = await readVersions();
      setVersions(page.items);
      setCursor(page.next_cursor);
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error)) setFailure(error);
    }
  };
  const more = async (): Promise<void> => {
    try {
      const page = await readVersions(cursor);
      setVersions([...(versions ?? []), ...page.items]);
      setCursor(page.next_cursor);
    } catch (error) {
      if (!endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => {
    void load();
    guardLeaving((goOn) => {
      if (unsaved.peek()) setLeaving(() => goOn);
      return !unsaved.peek();
    });
    return () => guardLeaving(null);
  }, []);
  if (versions === null) return failure === null ? <Loading /> : <Failed failure={failure} onAgain={() => void load()} />;
  const live = versions.find((one) => one.state === 'live') ?? null;
  const shown = chosen ?? (live ?? versions[0])?.id ?? null;
  // On a phone the list is the page as long as nothing is chosen.
  const alone = narrow.value && chosen === null && versions.length > 0;
  return (
    <div class={versions.length === 0 ? 'policies first' : 'policies'} data-showing={chosen === null ? 'list' : 'version'} data-test="policies">
      {versions.length === 0 ? null : <div class="versions" role={alone ? 'main' : 'complementary'} aria-label={tp('pol.versions')}>
        {alone ? <h1 class="sr">{tp('pol.title')}</h1> : null}
        <div class="versions-head"><h2>{tp('pol.versions')}</h2><Button size="small" icon="plus" test="new-version" onClick={() => go({ part: 'policies', item: NEW })}>{tp('pol.new')}</Button></div>
        <ul class="version-rows">
          {versions.map((one) => <VersionRow key={one.id} version={one} selected={one.id === shown} onOpen={() => go({ part: 'policies', item: one.id })} />)}
        </ul>
        {cursor !== null ? <Button size="small" variant="plain" onClick={() => void more()}>{tp('pol.more')}</Button> : null}
      </div>}
      <main class="page policy-page">
        <a class="button small plain back-link narrow-only" href="/console/policies" onClick={follow({ part: 'policies' })}><Icon name="back" />{tp('pol.back')}</a>
        {shown === null || shown.startsWith(NEW) ? <NewVersion key={shown} live={live} fromId={shown?.slice(NEW.length + 1) || null} first={versions.length === 0} onSaved={(saved) => { void load(); go({ part: 'policies', item: saved.id }); }} /> : <OneVersion key={shown} id={shown} versions={versions} onChanged={() => void load()} />}
      </main>
      {leaving ? (
        <Dialog title={tp('pol.save.leave')} onClose={() => setLeaving(null)} test="leave-dialog" actions={<><Button onClick={() => setLeaving(null)}>{tp('pol.save.stay')}</Button><Button variant="danger" test="leave-yes" onClick={() => { unsaved.value = false; setLeaving(null); leaving(); }}>{tp('pol.save.leave_yes')}</Button></>}>
          <p>{tp('pol.save.leave_words')}</p>
        </Dialog>
      ) : null}
    </div>
  );
}

function VersionRow({ version, selected, onOpen }: { version: Version; selected: boolean; onOpen: () => void }) {
  return (
    <li>
      <button type="button" class="version-row" aria-current={selected ? 'true' : undefined} data-test={`version-${version.number}`} data-state={version.state} onClick={onOpen}>
        <span class="row between"><span class="s faint num">{tp('pol.number', { number: version.number })}</span><Chip tone={TONES[version.state]} dot={version.state === 'live' || version.state === 'pilot'}>{tp(`pol.state.${version.state}`)}</Chip></span>
        <strong>{version.title}</strong>
        <span class="s quiet">{tp('pol.rules_count', { count: version.rule_count })} · {version.saved_by} · {ago(version.saved_at)}</span>
      </button>
    </li>
  );
}

function NewVersion({ live, fromId, first, onSaved }: { live: Version | null; fromId: string | null; first: boolean; onSaved: (version: PolicyVersion) => void }) {
  const [from, setFrom] = useState<Beginning | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const loadFrom = (): void => {
    setFailure(null);
    if (fromId !== null) readVersion(fromId).then((policy) => setFrom({ policy, basedOn: policy.number }), (error: unknown) => { if (!endedLogin(error)) setFailure(error); });
  };
  useEffect(loadFrom, []);
  if (failure !== null) return <Failed failure={failure} onAgain={loadFrom} />;
  if (fromId !== null && from === null) return <Loading />;
  const empty = first && from === null;
  return (
    <>
      <header><h1>{tp(empty ? 'pol.none' : 'pol.new')}</h1><p class="quiet">{tp(empty ? 'pol.none_words' : 'pol.intro')}</p></header>
      {from === null ? <Start live={live} onStart={setFrom} /> : <Editor version={null} policy={from.policy} basedOn={from.basedOn} onSaved={onSaved} />}
    </>
  );
}

function OneVersion({ id, versions, onChanged }: { id: string; versions: readonly Version[]; onChanged: () => void }) {
  const [version, setVersion] = useState<PolicyVersion | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const round = useRef(0);
  const load = async (): Promise<void> => {
    const mine = (round.current += 1);
    try {
      const found = await readVersion(id);
      if (mine === round.current) { setVersion(found); setFailure(null); }
    } catch (error) {
      if (mine === round.current && !endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => void load(), []);
  if (version === null) return failure === null ? <Loading /> : <Failed failure={failure} onAgain={() => void load()} />;
  const changed = (next: PolicyVersion): void => {
    onChanged();
    if (next.id === id) setVersion(next);
    else go({ part: 'policies', item: next.id });
  };
  const before = versions.find((one) => one.number === (version.based_on ?? version.number - 1)) ?? null;
  return (
    <>
      <VersionHead version={version} />
      <div class="policy-grid">
        <div class="stack wide-gap">
          {version.state === 'draft'
            ? <Editor version={version} policy={version} basedOn={version.based_on} onSaved={changed} />
            : <RulesRead rules={version.rules} otherwise={version.otherwise} />}
        </div>
        <div class="stack wide-gap">
          {version.state === 'live' || version.state === 'past' ? null : <PreviewCard version={version} onPreviewed={() => { setVersion({ ...version, previewed: true }); onChanged(); }} />}
          <ForceCard version={version} onChanged={changed} />
          <TrialCard version={version} onChanged={changed} />
          <DiffCard version={version} before={before} />
        </div>
      </div>
    </>
  );
}

function VersionHead({ version }: { version: PolicyVersion }) {
  const said = [
    tp('pol.saved', { name: version.saved_by, when: dateAndTime(version.saved_at) }),
    version.published_by && version.published_at ? tp('pol.published', { name: version.published_by, when: dateAndTime(version.published_at) }) : null,
    version.based_on !== null ? tp('pol.based_on', { number: version.based_on }) : null,
  ];
  return (
    <header class="policy-head" data-test="policy-head" data-state={version.state}>
      <p class="row wrap s"><span class="faint num">{tp('pol.number', { number: version.number })}</span><Chip tone={TONES[version.state]} dot={version.state === 'live'} test="policy-state">{tp(`pol.state.${version.state}`)}</Chip></p>
      <div class="row between wrap">
        <h1>{version.title}</h1>
        {version.state === 'draft' ? null : <Button icon="copy" test="change-rules" onClick={() => go({ part: 'policies', item: `${NEW}.${version.id}` })}>{tp('pol.change')}</Button>}
      </div>
      <p class="s quiet">{said.filter(Boolean).join(' · ')}</p>
    </header>
  );
}

function Loading() {
  return <main class="page" aria-busy="true" aria-label={tp('pol.loading')}><Skeleton height={64} /><Skeleton height={220} /></main>;
}

function Failed({ failure, onAgain }: { failure: unknown; onAgain: () => void }) {
  const barred = failure instanceof ApiError && (failure.code === 'forbidden' || (failure.status === 404 && staff.peek()?.organisation.kind !== 'tenant'));
  return (
    <main class="page nothing">
      <div class="notice bad" data-test="policies-failed">
        <Icon name={barred ? 'lock' : 'warning'} />
        <h1>{tp(barred ? 'pol.forbidden' : 'pol.failed')}</h1>
        <p class="quiet">{barred ? tp('pol.forbidden_words') : failureWords(failure)}</p>
        {barred ? null : <Button variant="primary" onClick={onAgain}>{tp('base.try_again')}</Button>}
      </div>
    </main>
  );
}
