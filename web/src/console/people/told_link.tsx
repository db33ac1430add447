/** A link that is shown once, to be passed on by hand. */
import { useRef } from 'preact/hooks';
import { Button } from '../../base/ui';
import { copyText } from '../copy';
import { tq } from './text';

export function ToldLink({ title, words, url, onClose }: { title?: string; words: string; url: string; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <div class="told-link" role="status" data-test="told-link">
      {title ? <strong>{title}</strong> : null}
      <p class="s">{words}</p>
      <div class="row">
        <input ref={field} class="input mono grow" readOnly aria-label={tq('people.link')} value={url} data-test="told-url" onFocus={(event) => event.currentTarget.select()} />
        <Button variant="primary" icon="copy" onClick={() => void copyText(url, tq('people.copied'), field.current)}>{tq('people.copy')}</Button>
        <Button variant="plain" onClick={onClose}>{tq('base.close')}</Button>
      </div>
    </div>
  );
}
