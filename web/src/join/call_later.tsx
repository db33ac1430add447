/** The call's part of the page: fetched while the person reads, so that the tap waits for nothing. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tb } from '../base/text';
import { Button, Notice } from '../base/ui';
import type { Call } from '../live/call';
import { retryWaitMs } from '../live/backoff';
import type { Visit } from './visit';

const part = signal<typeof import('./call_part') | null>(null);
/** Tries that failed since the last success. */
const failed = signal(0);
let loading = false;

/** A browser may keep a failed script for as long as the page lives: then only a reload helps, and it leads back. */
const HELP_AFTER = 3;

/** Fetch it, again and again until it has come; calling this more often changes nothing. */
export function fetchCall(): void {
  if (loading || part.peek()) return;
  loading = true;
  import('./call_part').then(async (loaded) => {
    await loaded.words();
    part.value = loaded;
  }).catch(() => {
    loading = false;
    failed.value += 1;
    setTimeout(fetchCall, retryWaitMs(failed.peek(), Math.random()));
  });
}

export function CallLater({ visit, call }: { visit: Visit; call: Call }) {
  useEffect(fetchCall, []);
  const loaded = part.value;
  if (loaded) return <loaded.CallView visit={visit} call={call} />;
  if (failed.value >= HELP_AFTER) {
    return (
      <Notice icon="offline" title={tb('base.error_network')} test="call-not-loaded" actions={<Button variant="primary" size="large" wide onClick={() => location.reload()}>{tb('base.try_again')}</Button>} />
    );
  }
  return <div class="page" aria-busy="true" data-test="call-loading"><span class="spinner" role="status" aria-label={tb('base.loading')} /></div>;
}
