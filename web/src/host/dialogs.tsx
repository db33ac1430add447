/** What the inspector is asked during a call: a label, a finding, handing back, another device, the verdict. */
import { useSignal } from '@preact/signals';
import { post } from '../base/api';
import type { VerdictIn } from '../base/protocol/session';
import type { Disposition, Liability, Outcome } from '../base/protocol/words';
import { tb } from '../base/text';
import { Button, Dialog, Field, Select, TextArea, toast } from '../base/ui';
import type { LiveSession } from '../live/session';
import { t } from './text';

const MARKERS = ['whole', 'damage', 'label', 'serial', 'packaging', 'parts', 'colour', 'function'] as const;

export function MarkerDialog({ session, atMs, onClose }: { session: LiveSession; atMs: number | null; onClose: () => void }) {
  const own = useSignal('');
  const set = (label: string) => {
    session.send('marker.set', { label: label.slice(0, 200), at_ms: atMs });
    toast(t('host.marker_done', { label }));
    onClose();
  };
  return (
    <Dialog title={t('host.marker_title')} onClose={onClose} test="marker-dialog">
      <div class="choices">
        {MARKERS.map((name) => (
          <Button key={name} size="large" test={`marker-${name}`} onClick={() => set(t(`host.marker_${name}`))}>{t(`host.marker_${name}`)}</Button>
        ))}
      </div>
      <form
        class="own-words"
        onSubmit={(event) => {
          event.preventDefault();
          if (own.value.trim()) set(own.value.trim());
        }}
      >
        <Field label={t('host.marker_own')} maxLength={200} value={own.value} test="marker-own" onInput={(event) => (own.value = event.currentTarget.value)} />
        <Button type="submit" test="marker-set" disabled={!own.value.trim()}>{t('host.marker_set')}</Button>
      </form>
    </Dialog>
  );
}

export function FindingDialog({ session, onClose }: { session: LiveSession; onClose: () => void }) {
  const words = useSignal('');
  const send = () => {
    if (!words.value.trim()) return;
    session.send('finding.state', { words: words.value.trim() });
    onClose();
  };
  return (
    <Dialog
      title={t('host.finding_title')}
      onClose={onClose}
      test="finding-dialog"
      actions={
        <>
          <Button onClick={onClose}>{tb('base.cancel')}</Button>
          <Button variant="primary" test="finding-send" disabled={!words.value.trim()} onClick={send}>{t('host.finding_send')}</Button>
        </>
      }
    >
      <TextArea label={t('host.finding_label')} hint={t('host.finding_hint')} rows={3} maxLength={2000} value={words.value} test="finding-input" onInput={(event) => (words.value = event.currentTarget.value)} />
    </Dialog>
  );
}

/** Runs something that may fail, with a word when it does. */
function useWork(): { busy: boolean; run: (work: () => Promise<void>) => void } {
  const busy = useSignal(false);
  const run = (work: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = true;
    work().then(
      () => (busy.value = false),
      () => {
        busy.value = false;
        toast(tb('base.error_server'));
      },
    );
  };
  return { busy: busy.value, run };
}

export function ReleaseDialog({ name, onClose, onYes }: { name: string; onClose: () => void; onYes: () => Promise<void> }) {
  const { busy, run } = useWork();
  return (
    <Dialog
      title={t('host.release_title')}
      onClose={onClose}
      test="release-dialog"
      actions={
        <>
          <Button size="large" onClick={onClose}>{t('host.stay')}</Button>
          <Button size="large" icon="release" busy={busy} test="release-yes" onClick={() => run(onYes)}>{t('host.release_yes')}</Button>
        </>
      }
    >
      <p>{t('host.release_text', { name })}</p>
    </Dialog>
  );
}

/** A device in two words, from what its browser calls itself. */
export function deviceName(userAgent: string): string {
  const system = /iPhone|iPad|Android|Windows|Mac OS|Linux/.exec(userAgent)?.[0]?.replace('Mac OS', 'Mac') ?? '';
  const browser = /Edg|OPR|Firefox|FxiOS|CriOS|Chrome|Safari/.exec(userAgent)?.[0] ?? '';
  const names: Partial<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera', FxiOS: 'Firefox', CriOS: 'Chrome' };
  return [names[browser] ?? browser, system].filter(Boolean).join(', ') || userAgent.slice(0, 40);
}

export function DeviceDialog({ session, name }: { session: LiveSession; name: string }) {
  const { busy, run } = useWork();
  const asks = session.asking.value;
  if (!asks) return null;
  const answer = (word: 'yes' | 'no') =>
    run(async () => {
      await post(`/api/sessions/${session.id}/devices/${asks.device_id}`, { answer: word }, { retries: 2 });
      session.asking.value = null;
    });
  return (
    <Dialog
      title={t('host.device_title')}
      closable={false}
      onClose={() => undefined}
      test="device-dialog"
      actions={
        <>
          <Button size="large" busy={busy} test="device-no" onClick={() => answer('no')}>{t('host.device_no')}</Button>
          <Button size="large" busy={busy} test="device-yes" onClick={() => answer('yes')}>{t('host.device_yes')}</Button>
        </>
      }
    >
      <p>{t('host.device_text', { name, device: deviceName(asks.user_agent) })}</p>
    </Dialog>
  );
}

const OUTCOMES: readonly Outcome[] = ['resolved_without_return', 'refund', 'partial_refund', 'exchange', 'send_back', 'reject'];
const DISPOSITIONS: readonly Disposition[] = ['restock', 'refurbish', 'quarantine', 'dispose', 'missing', 'not_received'];
const LIABILITIES: readonly Liability[] = ['product', 'description', 'packing', 'carrier', 'buyer', 'unclear'];

export function EndDialog({ onClose, onEnd }: { onClose: () => void; onEnd: (verdict: VerdictIn) => Promise<void> }) {
  const outcome = useSignal<Outcome | 'later' | null>(null);
  const disposition = useSignal<Disposition | ''>('');
  const liability = useSignal<Liability | ''>('');
  const note = useSignal('');
  const missing = useSignal(false);
  const { busy, run } = useWork();
  const end = () => {
    const chosen = outcome.value;
    if (chosen === null) {
      missing.value = true;
      return;
    }
    run(() =>
      onEnd({
        outcome: chosen === 'later' ? null : chosen,
        disposition: disposition.value || null,
        liability: liability.value || null,
        note: note.value.trim(),
      }),
    );
  };
  return (
    <Dialog
      title={t('host.end_title')}
      onClose={onClose}
      test="end-dialog"
      actions={
        <>
          <Button size="large" onClick={onClose}>{t('host.stay')}</Button>
          <Button size="large" variant="danger" icon="hangUp" busy={busy} test="end-yes" onClick={end}>{t('host.end_yes')}</Button>
        </>
      }
    >
      <fieldset class="outcomes" data-test="verdict-outcome">
        <legend>{t('host.end_outcome')}</legend>
        {[...OUTCOMES, 'later' as const].map((value) => (
          <label key={value} class={outcome.value === value ? 'choice on' : 'choice'}>
            <input
              type="radio"
              name="outcome"
              value={value}
              checked={outcome.value === value}
              data-test={`outcome-${value}`}
              onChange={() => {
                outcome.value = value;
                missing.value = false;
              }}
            />
            <span>{value === 'later' ? t('host.end_later') : t(`outcome.${value}`)}</span>
          </label>
        ))}
        {missing.value ? <p class="wrong" role="alert">{t('host.end_choose')}</p> : null}
      </fieldset>
      <div class="two">
        <Select<Disposition | ''> label={t('host.end_disposition')} test="verdict-disposition" value={disposition.value} onPick={(value) => (disposition.value = value)} options={[{ value: '', label: t('host.end_not_said') }, ...DISPOSITIONS.map((value) => ({ value, label: t(`disposition.${value}`) }))]} />
        <Select<Liability | ''> label={t('host.end_liability')} test="verdict-liability" value={liability.value} onPick={(value) => (liability.value = value)} options={[{ value: '', label: t('host.end_not_said') }, ...LIABILITIES.map((value) => ({ value, label: t(`liability.${value}`) }))]} />
      </div>
      <TextArea label={t('host.end_note')} hint={t('host.end_note_hint')} rows={2} maxLength={4000} value={note.value} test="verdict-note" onInput={(event) => (note.value = event.currentTarget.value)} />
    </Dialog>
  );
}
