/** One tool of a call: a picture above a word, big enough for a thumb or a glove. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from '../base/ui';

export function Tool({ icon, label, onPress, tone, pressed, disabled, count, countLabel, test, shortcut, children }: {
  icon: IconName;
  label: string;
  onPress: () => void;
  tone?: 'primary' | 'danger';
  pressed?: boolean;
  disabled?: boolean;
  count?: number;
  countLabel?: string;
  test?: string;
  shortcut?: string;
  children?: ComponentChildren;
}) {
  return (
    <button type="button" class={tone ? `tool ${tone}` : 'tool'} aria-pressed={pressed} disabled={disabled} data-test={test} aria-keyshortcuts={shortcut} onClick={onPress}>
      <Icon name={icon} />
      <span>{label}</span>
      {count ? <span class="count"><span aria-hidden="true">{count}</span><span class="sr">{countLabel}</span></span> : null}
      {children}
    </button>
  );
}
