/** How to leave a chat app's browser for the real one, where the camera works. */
import { useSignal } from '@preact/signals';
import { Button, toast } from '../base/ui';
import { APP_NAMES, isApple, wayOut, type InApp } from '../live/in_app';
import { c } from './camera_words';

/** `bound`: the link knows this app's browser already as its device. */
export function InAppHelp({ app, bound }: { app: InApp; bound: boolean }) {
  const byHand = useSignal(false);
  const agent = navigator.userAgent;
  const out = wayOut(app, agent, location.href);
  const step = app === 'wechat' || app === 'qq' ? 'app.wechat' : app !== 'other' ? 'app.menu' : isApple(agent) ? 'app.safari' : 'app.menu';
  const copy = () => void copyText(location.href).then((done) => (done ? toast(c('app.copied')) : (byHand.value = true)));
  return (
    <div class="stack in-app" data-test="in-app" data-app={app}>
      <p>{c('app.text', { app: app === 'other' || app === 'wechat' ? c(`app.app_${app}`) : APP_NAMES[app] })}</p>
      <ol class="steps numbered">
        <li>{c(step)}</li>
        <li>{c('app.copy')}</li>
      </ol>
      {out ? <a class="button primary large wide" href={out} data-test="open-outside">{c('app.open')}</a> : null}
      <Button wide size="large" variant={out ? 'normal' : 'primary'} icon="copy" test="copy-link" onClick={copy}>{c('app.copy_link')}</Button>
      {byHand.value ? <p class="s">{c('app.copy_by_hand')}<br /><span class="mono by-hand">{location.href}</span></p> : null}
      {bound ? <p class="quiet s">{c('app.bound')}</p> : null}
    </div>
  );
}

/** Web views often lack the clipboard's newer door. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.readOnly = true;
    field.className = 'sr';
    // Inside an open dialog only what is in it can be selected.
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    let done = false;
    try {
      done = document.execCommand('copy');
    } catch {
      done = false;
    }
    field.remove();
    return done;
  }
}
