/** What to do when the camera will not open: in words, with the place in the queue kept. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tb } from '../base/text';
import { Button, Dialog } from '../base/ui';
import type { LocalMedia } from '../live/media';
import { CopyLink } from './problems';
import { t } from './text';

const TROUBLES = ['refused', 'missing', 'busy', 'lost', 'interrupted', 'unsupported'] as const;

/** Troubles that the page mends by itself more often than not: only a lasting one is worth a word. */
const PATIENCE_MS = 1_500;

/** `live`: the call is on already, and goes on without a camera. */
export function CameraHelp({ media, live }: { media: LocalMedia; live: boolean }) {
  const dismissed = useSignal<string | null>(null);
  const lasting = useSignal(false);
  const trouble = TROUBLES.find((name) => name === media.camera.value);
  useEffect(() => {
    lasting.value = trouble === 'refused' || trouble === 'unsupported';
    if (!trouble || lasting.value) return;
    const timer = setTimeout(() => (lasting.value = true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [trouble]);
  if (!trouble || !lasting.value || dismissed.value === trouble) return null;
  const retry = async () => {
    dismissed.value = null;
    await media.open();
  };
  return (
    <Dialog
      sheet
      title={t(`join.camera_${trouble}_title`)}
      onClose={() => (dismissed.value = trouble)}
      test={`camera-${trouble}`}
      actions={
        <>
          <Button wide test="without-camera" onClick={() => (dismissed.value = trouble)}>{t('join.without_camera')}</Button>
          {trouble === 'unsupported' ? null : (
            <Button wide variant="primary" size="large" test="camera-again" onClick={() => void retry()}>{tb('base.try_again')}</Button>
          )}
        </>
      }
    >
      <p>{t(`join.camera_${trouble}_text`)}</p>
      {trouble === 'refused' || trouble === 'unsupported' || trouble === 'missing' ? <CopyLink /> : null}
      <p class="quiet s">{t(live ? 'join.call_goes_on' : 'join.place_kept')}</p>
    </Dialog>
  );
}
