/** The way to the messages: what they need is fetched when somebody opens them. */
import { useSignal } from '@preact/signals';
import { tb } from '../base/text';
import { Button } from '../base/ui';
import { t } from './text';
import type { Visit } from './visit';

export function ThreadLater({ visit }: { visit: Visit }) {
  const part = useSignal<typeof import('./thread_part') | null>(null);
  const busy = useSignal(false);
  const failed = useSignal(false);
  const open = async () => {
    busy.value = true;
    try {
      part.value = await import('./thread_part');
      failed.value = false;
    } catch {
      failed.value = true;
    }
    busy.value = false;
  };
  const loaded = part.value;
  if (loaded) return <loaded.ThreadPart visit={visit} />;
  return (
    <>
      <Button wide icon="write" test="open-thread" busy={busy.value} onClick={() => void open()}>{t('join.messages', { tenant: visit.seller.value })}</Button>
      {failed.value ? <p role="alert">{tb('base.error_network')}</p> : null}
    </>
  );
}
