/** What to do when the camera will not open: in words, with the place in the queue kept; loaded when it happens. */
import { tb } from '../base/text';
import { Button, Dialog } from '../base/ui';
import { inAppBrowser } from '../live/in_app';
import type { LocalMedia } from '../live/media';
import type { CameraTroubleName } from './camera_help';
import { c } from './camera_words';
import { InAppHelp } from './in_app_help';
import { CopyLink } from './problems';

/** The way out of a chat app, on the page itself; nothing in a real browser. */
export function LeaveApp() {
  const app = inAppBrowser(navigator.userAgent);
  return app ? <section class="card stack"><h2>{c('app.title')}</h2><InAppHelp app={app} bound={false} /></section> : null;
}

export function CameraTrouble({ media, live, trouble, onDismiss, onAgain }: {
  media: LocalMedia;
  live: boolean;
  trouble: CameraTroubleName;
  onDismiss: () => void;
  onAgain: () => void;
}) {
  const app = trouble === 'refused' || trouble === 'unsupported' ? inAppBrowser(navigator.userAgent) : null;
  const retry = async () => {
    onAgain();
    await media.open();
  };
  return (
    <Dialog
      sheet
      title={app ? c('app.title') : c(`camera.${trouble}_title`)}
      onClose={onDismiss}
      test={`camera-${trouble}`}
      actions={
        <>
          <Button wide test="without-camera" onClick={onDismiss}>{c('camera.without_camera')}</Button>
          {trouble === 'unsupported' || app ? null : (
            <Button wide variant="primary" size="large" test="camera-again" onClick={() => void retry()}>{tb('base.try_again')}</Button>
          )}
        </>
      }
    >
      {app ? <InAppHelp app={app} bound /> : <p>{c(`camera.${trouble}_text`)}</p>}
      {!app && (trouble === 'refused' || trouble === 'unsupported' || trouble === 'missing') ? <CopyLink /> : null}
      <p class="quiet s">{c(live ? 'camera.call_goes_on' : 'camera.place_kept')}</p>
    </Dialog>
  );
}
