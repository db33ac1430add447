/** Which notices are sent at all, and the way to their words. */
import { useState } from 'preact/hooks';
import { put } from '../../base/api';
import { Button, Switch } from '../../base/ui';
import { useAct } from '../asking';
import { KINDS, withSwitch, type NoticeKind, type Quiet } from './shapes';
import { tn } from './text';
import { WordsDialog } from './words_dialog';

export function KindsCard({ quiet, onSaved }: { quiet: Quiet; onSaved: (quiet: Quiet) => void }) {
  const [worded, setWorded] = useState<NoticeKind | null>(null);
  const [busy, act] = useAct();
  const toggle = (kind: NoticeKind, on: boolean): void => {
    if (busy) return;
    void act(async () => onSaved(await put<Quiet>('/api/v1/notice-settings', { ...quiet, off: withSwitch(quiet.off, kind, on) })));
  };
  return (
    <section class="card stack" data-test="notice-kinds" aria-labelledby="kinds-title">
      <h2 id="kinds-title">{tn('notice.kinds')}</h2>
      <p class="s quiet">{tn('notice.kinds_words')}</p>
      <ul class="notice-kinds">
        {KINDS.map((kind) => (
          <li key={kind} class="notice-kind">
            <Switch label={tn(`notice.kind.${kind}`)} on={!quiet.off.includes(kind)} onToggle={(on) => toggle(kind, on)} test={`send-${kind}`} />
            <Button size="small" test={`words-${kind}`} onClick={() => setWorded(kind)}>{tn('notice.words')}<span class="sr">: {tn(`notice.kind.${kind}`)}</span></Button>
          </li>
        ))}
      </ul>
      {worded ? <WordsDialog kind={worded} onClose={() => setWorded(null)} /> : null}
    </section>
  );
}
