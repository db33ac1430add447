/** One quiet note before a call, when the check of the network found what the person can mend. */
import type { Precheck } from '../base/protocol/connection';
import { Icon } from '../base/ui';
import { hintOf } from '../live/precheck_run';
import { t } from './text';

export function NetworkHint({ found }: { found: Precheck | null }) {
  const hint = found ? hintOf(found) : null;
  return (
    <div role="status" class="net-status">
      {hint ? (
        <section class="card net-hint" data-test="network-hint" data-hint={hint}>
          <Icon name={hint === 'blocked' ? 'linkOff' : 'warning'} />
          <div>
            <b>{t(`call.net_${hint}_title`)}</b>
            <p class="s">{t(`call.net_${hint}_text`)}</p>
          </div>
        </section>
      ) : null}
    </div>
  );
}
