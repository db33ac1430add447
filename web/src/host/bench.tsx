/** The bench cameras of the host's warehouse: which there are, and showing one to everybody. */
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, call, get } from '../base/api';
import { Button, Dialog, toast } from '../base/ui';
import { t } from './text';

export interface BenchCamera {
  camera_id: string;
  name: string;
  state: 'off' | 'ready' | 'shown' | 'busy';
}

interface Cameras {
  cameras: BenchCamera[];
}

export class Bench {
  readonly cameras = signal<readonly BenchCamera[]>([]);
  readonly busy = signal(false);
  private readonly path: string;

  constructor(sessionId: string) {
    this.path = `/api/sessions/${sessionId}/bench`;
  }

  async refresh(): Promise<void> {
    try {
      this.cameras.value = (await get<Cameras>(this.path)).cameras;
    } catch {
      // What was known stays; the next touch asks again.
    }
  }

  /** Show a camera, or no longer; false when that failed, and the person has been told. */
  async show(camera: BenchCamera, shown: boolean): Promise<boolean> {
    if (this.busy.peek()) return false;
    this.busy.value = true;
    try {
      const answer = await call<Cameras>(shown ? 'PUT' : 'DELETE', `${this.path}/${camera.camera_id}`);
      this.cameras.value = answer.cameras;
      return true;
    } catch (error) {
      const code = error instanceof ApiError ? error.code : '';
      toast(t(code === 'camera_off' ? 'host.bench_off' : code === 'camera_busy' ? 'host.bench_busy' : 'host.bench_error', { name: camera.name }));
      void this.refresh();
      return false;
    } finally {
      this.busy.value = false;
    }
  }
}

const WORDS = { off: 'host.bench_state_off', ready: 'host.bench_state_ready', shown: 'host.bench_state_shown', busy: 'host.bench_state_busy' } as const;

/** Which of several; each says whether it can be shown. */
export function BenchDialog({ bench, onClose, onShow }: { bench: Bench; onClose: () => void; onShow: (camera: BenchCamera, shown: boolean) => void }) {
  const asked = useSignal(false);
  useEffect(() => {
    void bench.refresh().then(() => (asked.value = true));
  }, []);
  return (
    <Dialog title={t('host.bench_title')} onClose={onClose} test="bench-dialog">
      <p class="quiet">{t('host.bench_text')}</p>
      <div class="choices">
        {bench.cameras.value.map((camera) => (
          <Button key={camera.camera_id} size="large" variant={camera.state === 'shown' ? 'primary' : 'normal'} test={`bench-${camera.camera_id}`} disabled={camera.state === 'off' || camera.state === 'busy'} onClick={() => onShow(camera, camera.state !== 'shown')}>
            <span class="bench-choice">{camera.name}<span class="quiet s">{t(WORDS[camera.state])}</span></span>
          </Button>
        ))}
      </div>
    </Dialog>
  );
}
