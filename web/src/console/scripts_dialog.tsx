/** Reply scripts filled from the case, to be put into what is being written. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { languageName } from '../base/time';
import { Button, Dialog, Field, Select } from '../base/ui';
import { LANGUAGES, SCENES, type Scene } from './scripts';
import { t } from './text';

export interface FilledScript {
  readonly name: string;
  readonly scene: Scene;
  readonly locale: string;
  readonly title: string;
  readonly words: string;
  readonly empty: readonly string[];
}

export function ScriptsDialog({ view, onClose, onPick }: { view: CaseView; onClose: () => void; onPick: (script: FilledScript) => void }) {
  const [found, setFound] = useState<readonly FilledScript[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [q, setQ] = useState('');
  const [scene, setScene] = useState<Scene | ''>('');
  const [language, setLanguage] = useState(LANGUAGES.includes(view.buyer.locale) ? view.buyer.locale : 'en');
  useEffect(() => {
    let wanted = true;
    get<{ items: FilledScript[] }>(`/api/v1/cases/${encodeURIComponent(view.id)}/scripts?locale=${encodeURIComponent(language)}`).then(
      (answer) => { if (wanted) { setFound(answer.items); setFailed(false); } },
      () => { if (wanted) setFailed(true); },
    );
    return () => { wanted = false; };
  }, [view.id, language]);
  const searched = q.toLowerCase().split(/\s+/);
  const shown = (found ?? []).filter((one) => (scene === '' || one.scene === scene) && searched.every((word) => `${one.title} ${one.words}`.toLowerCase().includes(word)));
  return (
    <Dialog title={t('thread.scripts')} onClose={onClose} test="scripts-dialog" actions={<Button onClick={onClose}>{t('base.close')}</Button>}>
      <div class="stack">
        <Field autofocus label={t('thread.search')} type="search" test="scripts-search" value={q} onInput={(event) => setQ(event.currentTarget.value)} />
        <div class="form-row">
          <Select<Scene | ''> label={t('thread.scene')} test="scripts-scene" value={scene} onPick={setScene} options={[{ value: '', label: t('thread.scene_all') }, ...SCENES.map((value) => ({ value, label: t(`scene.${value}`) }))]} />
          <Select label={t('thread.language')} test="scripts-language" value={language} onPick={setLanguage} options={LANGUAGES.map((value) => ({ value, label: languageName(value) }))} />
        </div>
        {failed ? <p role="alert">{t('thread.scripts_failed')}</p> : null}
        {found !== null && shown.length === 0 ? <p class="quiet s">{t('thread.scripts_none')}</p> : null}
        {shown.map((one) => (
          <button key={one.name} type="button" class="button script" data-test={`script-${one.name}`} onClick={() => onPick(one)}>
            <strong>{one.title}</strong>
            <span class="script-words s quiet" dir="auto" lang={one.locale}>{one.words}</span>
            {one.empty.length > 0 ? <span class="xs wrong">{t('thread.lacks', { names: one.empty.map((name) => `{${name}}`).join(', ') })}</span> : null}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
