/** What can be done by keyboard here, and the switch for those who would rather not. */
import { signal } from '@preact/signals';
import { Button, Dialog, Switch } from '../base/ui';
import { setSingleKeys, shortcuts, singleKeys, useShortcuts } from './shortcuts';
import { t } from './text';

const shown = signal(false);

export function openShortcutHelp(): void {
  shown.value = true;
}

export function ShortcutHelp() {
  useShortcuts([{ keys: '?', words: () => t('keys.help'), run: openShortcutHelp }]);
  if (!shown.value) return null;
  const close = (): void => { shown.value = false; };
  return (
    <Dialog title={t('keys.title')} onClose={close} test="shortcut-help" actions={<Button onClick={close}>{t('base.close')}</Button>}>
      <Switch label={t('keys.single')} on={singleKeys.value} onToggle={setSingleKeys} test="single-keys" />
      <dl class="keys">
        {[...shortcuts(), { keys: '/', words: () => t('keys.search') }, { keys: 'Ctrl Enter', words: () => t('keys.send') }].map((one) => (
          <div key={one.keys} data-test={`key-${one.keys}`}>
            <dt>{one.keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{one.words()}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
