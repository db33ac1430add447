/** The warehouse's fixed camera beside the people: large while goods are shown by it, or small in a corner. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tb } from '../base/text';
import { Icon } from '../base/ui';
import type { Call } from '../live/call';
import type { LiveSession } from '../live/session';
import type { Participant } from '../base/protocol/session';
import { RemoteVideo, type ShownFrame } from './remote_video';
import { t } from './text';

/** The camera that the host shows now. */
export function benchOf(session: LiveSession): Participant | null {
  return session.participants.value.find((p) => p.role === 'bench' && p.presence === 'here') ?? null;
}

export function BenchPicture({ call, bench, large, onSwap, onElement, onFrame }: {
  call: Call;
  bench: Participant;
  large: boolean;
  onSwap: () => void;
  onElement?: (element: HTMLVideoElement | null) => void;
  onFrame?: (frame: ShownFrame) => void;
}) {
  const hasFrame = useSignal(false);
  const lost = bench.connection === 'lost';
  const unshowable = call.cannotShow(bench.id);
  useEffect(() => {
    // A camera that comes again begins with a picture of now.
    if (lost) hasFrame.value = false;
  }, [lost]);
  return (
    <div class={large ? 'bench large' : 'bench'} data-test="bench" data-large={large}>
      <RemoteVideo
        stream={call.connection.remote.value?.bench ?? null}
        fit="contain"
        muted
        label={t('call.bench_picture', { name: bench.name })}
        test="bench-video"
        onElement={onElement}
        onFrame={(frame) => {
          hasFrame.value = true;
          onFrame?.(frame);
        }}
      />
      {hasFrame.value ? null : (
        <div class="person" role="status">
          {lost || unshowable ? <Icon name="videoOff" /> : <span class="spinner" aria-hidden="true" />}
          <p>{t(unshowable ? 'call.bench_unshowable' : lost ? 'call.bench_lost' : 'call.bench_waiting')}</p>
        </div>
      )}
      {large ? null : <button type="button" class="bench-swap" data-test="bench-swap" aria-label={t('call.bench_enlarge', { name: bench.name })} onClick={onSwap} />}
      <span class="tag">{large ? `${tb('role.bench')} · ${bench.name}` : bench.name}</span>
    </div>
  );
}
