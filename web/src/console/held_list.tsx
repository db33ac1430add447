/** What is about to happen to a case and can still be taken back, and what was refused when its time came. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { endedLogin, failureWords } from '../base/sign_in';
import { serverNowMs } from '../base/time';
import { Button, Icon, toast } from '../base/ui';
import type { Writing } from './composer';
import type { Held, HeldAct } from './held';
import { useShortcuts } from './shortcuts';
import { t } from './text';

/** How long after its time an act is asked for again: the sweeper looks every second. */
const AGAIN_AFTER_S = 2;

export function HeldList({ held, onDue, onBack }: { held: Held; onDue: () => void; onBack: (writing: Writing) => void }) {
  const items = held.items.value;
  const [nowMs, setNow] = useState(serverNowMs());
  useEffect(() => {
    if (!items.some((one) => one.state === 'held')) return;
    setNow(serverNowMs());
    let ticks = 0;
    const timer = setInterval(() => {
      setNow(serverNowMs());
      ticks += 1;
      const due = items.some((one) => one.state === 'held' && Date.parse(one.due_at) < serverNowMs());
      if (due && ticks % AGAIN_AFTER_S === 0) onDue();
    }, 1000);
    return () => clearInterval(timer);
  }, [items]);
  const undo = async (act: HeldAct): Promise<void> => {
    try {
      const { message } = await held.takeBack(act.id);
      if (message) onBack({ text: message.text, language: message.locale, to: message.internal ? 'staff' : message.asks ? 'ask' : 'buyer' });
      if (act.state === 'held') toast(t('held.undone'));
    } catch (error) {
      if (endedLogin(error)) return;
      toast(error instanceof ApiError && error.code === 'too_late' ? t('held.too_late') : failureWords(error));
      onDue();
    }
  };
  const newest = [...items].reverse().find((one) => one.mine && one.state === 'held');
  useShortcuts([{ keys: 'z', words: () => t('keys.undo'), run: () => { if (newest) void undo(newest); } }]);
  return (
    <ul class="held-list" aria-label={t('held.list')}>
      {items.map((one) => (
        <li key={one.id} class={one.state === 'failed' ? 'held failed' : one.message?.internal ? 'held internal' : 'held'} data-test="held-act" data-kind={one.kind} data-state={one.state}>
          <span class="row between wrap">
            <span class="s row"><Icon name={one.state === 'failed' ? 'warning' : 'clock'} /><span role={one.state === 'failed' ? 'alert' : undefined}>{wordsOf(one, nowMs)}</span></span>
            {one.mine ? <Button size="small" icon="release" test="undo" onClick={() => void undo(one)}>{t(one.state === 'failed' ? 'held.put_aside' : 'held.undo')}</Button> : null}
          </span>
          {one.message ? <span class="lines" dir="auto" lang={one.message.locale}>{one.message.text}</span> : null}
        </li>
      ))}
    </ul>
  );
}

function wordsOf(act: HeldAct, nowMs: number): string {
  if (act.state === 'failed') return t(act.kind === 'close' ? 'held.close_failed' : 'held.message_failed');
  const left = Math.max(0, Math.ceil((Date.parse(act.due_at) - nowMs) / 1000));
  const what = act.kind === 'close' ? 'close' : act.message?.internal ? 'note' : 'message';
  if (left === 0) return t('held.now');
  return act.mine ? t(`held.${what}`, { seconds: left }) : t(`held.${what}_of`, { name: act.by, seconds: left });
}
