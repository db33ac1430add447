/** The parts that every page is made of; words come in as properties or from the base catalogue. */
import { signal } from '@preact/signals';
import type { ButtonHTMLAttributes, ComponentChildren, InputHTMLAttributes, TextareaHTMLAttributes } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icons';
import { LOCALE_NAMES, locale, pageLocales, setLocale, tb, type Locale } from './text';
import './tokens.css';
import './ui.css';

export { Icon, type IconName };
export type Tone = 'plain' | 'proof' | 'live' | 'warn' | 'note';

const classes = (...names: (string | false | null | undefined)[]) => names.filter(Boolean).join(' ');

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: 'normal' | 'primary' | 'danger' | 'danger-quiet' | 'plain';
  size?: 'normal' | 'large' | 'small';
  wide?: boolean;
  icon?: IconName;
  /** Shows that the work goes on; a second press does nothing meanwhile. */
  busy?: boolean;
  test?: string;
}

export function Button({ variant = 'normal', size = 'normal', wide, icon, busy, test, children, onClick, class: extra, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={classes('button', variant, size, wide && 'wide', typeof extra === 'string' && extra)}
      aria-busy={busy ? true : undefined}
      data-test={test}
      onClick={(event) => {
        if (!busy) onClick?.(event);
      }}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  );
}

/** A button that shows only its picture; `label` is what it says to those who cannot see it. */
export function IconButton({ label, icon, ...rest }: Omit<ButtonProps, 'children'> & { label: string; icon: IconName }) {
  return <Button {...rest} icon={icon} class="icon-button" aria-label={label} title={label} />;
}

export function Card({ children, class: extra }: { children: ComponentChildren; class?: string }) {
  return <section class={classes('card', extra)}>{children}</section>;
}

export function Chip({ tone = 'plain', dot, test, children }: { tone?: Tone; dot?: boolean; test?: string; children: ComponentChildren }) {
  return (
    <span class={classes('chip', tone)} data-test={test}>
      {dot ? <span class="dot" /> : null}
      {children}
    </span>
  );
}

/** A place where something will be, while it loads. */
export function Skeleton({ height, width = '100%' }: { height: number | string; width?: number | string }) {
  return <div class="skeleton" style={{ height, width }} aria-hidden="true" />;
}

interface FieldFrame {
  label: string;
  hint?: string | undefined;
  error?: string | null | undefined;
  test?: string;
}

function describedBy(id: string, hint: string | undefined, error: string | null | undefined) {
  return classes(hint && `${id}-hint`, error && `${id}-error`) || undefined;
}

function FieldNotes({ id, hint, error }: { id: string; hint: string | undefined; error: string | null | undefined }) {
  return (
    <>
      {hint ? <span class="hint" id={`${id}-hint`}>{hint}</span> : null}
      {error ? <span class="wrong" id={`${id}-error`} role="alert">{error}</span> : null}
    </>
  );
}

export function Field({ label, hint, error, test, ...rest }: FieldFrame & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input {...rest} id={id} class="input" data-test={test} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, hint, error)} />
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

export function TextArea({ label, hint, error, test, ...rest }: FieldFrame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea {...rest} id={id} class="input" data-test={test} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, hint, error)} />
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

export interface Option<Value extends string> {
  value: Value;
  label: string;
}

export function Select<Value extends string>({ label, hint, error, test, value, options, onPick, hideLabel, name }: FieldFrame & {
  value: Value;
  options: readonly Option<Value>[];
  onPick: (value: Value) => void;
  hideLabel?: boolean;
  name?: string;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? 'sr' : undefined}>{label}</label>
      <select
        id={id}
        name={name}
        class="input select"
        data-test={test}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, hint, error)}
        onChange={(event) => {
          const picked = options.find((option) => option.value === event.currentTarget.value);
          if (picked) onPick(picked.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>{option.label}</option>
        ))}
      </select>
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

/** Nothing on a page that has one language only; `onPicked` learns what was chosen once it is shown. */
export function LanguageSwitch({ onPicked }: { onPicked?: (chosen: Locale) => void }) {
  const locales = pageLocales();
  if (locales.length < 2) return null;
  return (
    <Select<Locale>
      label={tb('base.language')}
      hideLabel
      test="language"
      value={locale.value}
      options={locales.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
      onPick={(value) => void setLocale(value, true).then(() => onPicked?.(value), () => toast(tb('base.error_network')))}
    />
  );
}

export function Switch({ label, on, onToggle, test, disabled }: { label: string; on: boolean; onToggle: (on: boolean) => void; test?: string; disabled?: boolean }) {
  return (
    <button type="button" class="switch" role="switch" aria-checked={on} disabled={disabled} data-test={test} onClick={() => onToggle(!on)}>
      <i />
      {label}
    </button>
  );
}

/** A modal window: focus stays inside, Escape and the cross close it, focus returns. */
export function Dialog({ title, onClose, children, actions, sheet, test, closable = true }: {
  title: string;
  onClose: () => void;
  children?: ComponentChildren;
  actions?: ComponentChildren;
  /** Rises from the bottom on a phone. */
  sheet?: boolean;
  test?: string;
  closable?: boolean;
}) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={classes('dialog', sheet && 'sheet')}
      aria-labelledby={id}
      data-test={test}
      onCancel={(event) => {
        event.preventDefault();
        if (closable) onClose();
      }}
      onClose={() => {
        // A second Escape closes without asking: the page follows, or the window comes back.
        const dialog = element.current;
        if (!dialog?.isConnected || dialog.open) return;
        if (closable) onClose();
        else dialog.showModal();
      }}
      onClick={(event) => {
        // A click on the dialog itself, not on its content, is a click on the backdrop.
        if (closable && event.target === element.current) onClose();
      }}
    >
      <div class="inside">
        <div class="head">
          <h2 id={id}>{title}</h2>
          {closable ? <IconButton icon="close" label={tb('base.close')} variant="plain" onClick={onClose} /> : null}
        </div>
        {children}
        {actions ? <div class="actions">{actions}</div> : null}
      </div>
    </dialog>
  );
}

interface ToastEntry {
  id: number;
  text: string;
  action: { label: string; run: () => void } | null;
}

const toasts = signal<ToastEntry[]>([]);
let nextToast = 1;

/** Say something short that needs no answer; it goes by itself, later when it offers an action. */
export function toast(text: string, action: ToastEntry['action'] = null): void {
  const id = nextToast++;
  toasts.value = [...toasts.value.filter((entry) => entry.text !== text), { id, text, action }].slice(-3);
  setTimeout(() => dismiss(id), action ? 10_000 : 5_000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

/** Where toasts appear; each page has one. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((entry) => (
        <div class="toast" key={entry.id} data-test="toast">
          <span>{entry.text}</span>
          {entry.action ? (
            <Button size="small" onClick={() => { entry.action?.run(); dismiss(entry.id); }}>{entry.action.label}</Button>
          ) : null}
        </div>
      ))}
    </div>
  );
}

/** A whole page for one state: what it is, what to do. */
export function Notice({ icon, tone, title, children, actions, test }: {
  icon: IconName;
  tone?: 'good' | 'bad';
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
  test?: string;
}) {
  return (
    <main class={classes('notice', tone)} data-test={test}>
      <Icon name={icon} />
      <h1>{title}</h1>
      {children}
      {actions}
    </main>
  );
}
