/** The editor for reply scripts: find one by scene and language, change it, see it filled from a case. */
import { useEffect, useState } from 'preact/hooks';
import { endedLogin, failureWords } from '../../base/sign_in';
import { languageName } from '../../base/time';
import { Button, Chip, Dialog, Field, Icon, Select, Skeleton } from '../../base/ui';
import { go, guardLeaving, route } from '../route';
import { LANGUAGES, SCENES, type Scene } from '../scripts';
import { t } from '../text';
import { Editor } from './editor';
import { found, placeOf, readReplies, type Reply } from './replies';
import { tr } from './text';
import './script_editor.css';

export function ScriptsPage() {
  const [replies, setReplies] = useState<readonly Reply[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [words, setWords] = useState('');
  const [scene, setScene] = useState<Scene | ''>('');
  const [locale, setLocale] = useState('en');
  const [unsaved, setUnsaved] = useState(false);
  const [leaving, setLeaving] = useState<(() => void) | null>(null);
  const load = async (): Promise<void> => {
    try {
      setReplies(await readReplies());
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error)) setFailure(error);
    }
  };
  useEffect(() => void load(), []);
  useEffect(() => {
    if (!unsaved) return;
    guardLeaving((goOn) => {
      setLeaving(() => goOn);
      return false;
    });
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => {
      guardLeaving(null);
      removeEventListener('beforeunload', ask);
    };
  }, [unsaved]);
  const item = route.value.item;
  const chosen = replies?.find((one) => placeOf(one) === item) ?? null;
  const shown = found(replies ?? [], words, scene, locale);
  if (failure !== null && replies === null) {
    return (
      <main class="page nothing">
        <div class="notice bad" data-test="scripts-failed"><Icon name="warning" /><h1>{tr('scripts.failed')}</h1><p class="quiet">{failureWords(failure)}</p><Button variant="primary" onClick={() => void load()}>{t('base.try_again')}</Button></div>
      </main>
    );
  }
  return (
    <main class="page scripts-page" data-test="scripts-page">
      <header class="stack"><h1>{tr('scripts.title')}</h1><p class="quiet">{tr('scripts.intro')}</p></header>
      <div class="scripts-panes" data-chosen={item === null ? undefined : ''}>
        <section class="card stack scripts-list" aria-label={tr('scripts.title')}>
          <Button icon="plus" test="new-script" onClick={() => go({ part: 'scripts', item: 'new' })}>{tr('scripts.new')}</Button>
          <Field label={tr('scripts.search')} type="search" test="find-script" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
          <div class="form-row">
            <Select<Scene | ''> label={t('thread.scene')} test="scene" value={scene} onPick={setScene} options={[{ value: '', label: t('thread.scene_all') }, ...SCENES.map((value) => ({ value, label: t(`scene.${value}`) }))]} />
            <Select label={t('thread.language')} test="script-language" value={locale} onPick={setLocale} options={LANGUAGES.map((value) => ({ value, label: languageName(value) }))} />
          </div>
          {replies === null ? <Skeleton height={240} /> : shown.length === 0 ? <p class="quiet s">{tr('scripts.none')}</p> : (
            <ul class="scripts-rows">
              {shown.map((one) => (
                <li key={placeOf(one)}>
                  <button type="button" class="script-row" aria-current={placeOf(one) === item ? 'true' : undefined} data-test={`reply-${one.name}`} onClick={() => go({ part: 'scripts', item: placeOf(one) })}>
                    <span class="row between"><strong dir="auto">{one.title}</strong>{one.own ? <Chip tone="note">{tr('scripts.own')}</Chip> : null}</span>
                    <span class="xs faint">{t(`scene.${one.scene}`)}</span>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </section>
        {replies === null ? null : item === 'new' || chosen !== null ? (
          <Editor key={`${item}-${chosen?.words ?? ''}`} reply={chosen} locale={locale} onUnsaved={setUnsaved} onSaved={async (place) => { setUnsaved(false); guardLeaving(null); await load(); go({ part: 'scripts', item: place }); }} />
        ) : (
          <section class="card stack nothing-chosen"><h2>{tr('scripts.pick')}</h2><p class="quiet">{tr('scripts.pick_hint')}</p></section>
        )}
      </div>
      {leaving ? (
        <Dialog
          title={tr('scripts.leave')} onClose={() => setLeaving(null)} test="leave-script"
          actions={<><Button onClick={() => setLeaving(null)}>{t('base.cancel')}</Button><Button variant="danger" test="leave-yes" onClick={() => { setLeaving(null); setUnsaved(false); guardLeaving(null); leaving(); }}>{tr('scripts.leave_yes')}</Button></>}
        >
          <p>{tr('scripts.leave_words')}</p>
        </Dialog>
      ) : null}
    </main>
  );
}
