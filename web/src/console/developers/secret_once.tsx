/** A secret that is shown this once: it can be copied, and the window asks before it goes. */
import { useRef } from 'preact/hooks';
import { Button, Dialog } from '../../base/ui';
import { copyText } from '../copy';
import { td } from './text';

export function SecretOnce({ title, words, secret, onDone }: { title: string; words?: string; secret: string; onDone: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <Dialog
      title={title} onClose={onDone} closable={false} test="secret-once"
      actions={<Button variant="primary" test="secret-done" onClick={onDone}>{td('dev.i_have_it')}</Button>}
    >
      {words ? <p>{words}</p> : null}
      <div class="row secret-row">
        <input ref={field} class="input mono grow" readOnly value={secret} aria-label={title} data-test="secret" onFocus={(event) => event.currentTarget.select()} />
        <Button icon="copy" test="copy-secret" onClick={() => void copyText(secret, td('dev.copied'), field.current)}>{td('dev.copy')}</Button>
      </div>
      <p class="s quiet">{td('dev.once')}</p>
    </Dialog>
  );
}
