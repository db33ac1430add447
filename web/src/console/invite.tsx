/** What goes to the buyer: the link, its QR code, the invitation in their language. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { directionOf } from '../base/text';
import { dateAndTime, languageName } from '../base/time';
import { Button } from '../base/ui';
import { copyText } from './copy';
import { t } from './text';

export interface InviteProps {
  joinUrl: string;
  invitation: { locale: string; text: string };
  email: string | null;
  orderNumber: string;
  expiresAt?: string | null;
}

export function Invite({ joinUrl, invitation, email, orderNumber, expiresAt }: InviteProps) {
  const link = useRef<HTMLInputElement>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  const mail = `mailto:${encodeURIComponent(email ?? '')}?subject=${encodeURIComponent(`#${orderNumber}`)}&body=${encodeURIComponent(invitation.text)}`;
  return (
    <div class="invite" data-test="invite">
      <div class="stack invite-words">
        <div class="field">
          <label for="join-url">{t('invite.link')}</label>
          <div class="row">
            <input ref={link} id="join-url" class="input mono grow" readOnly value={joinUrl} data-test="join-url" onFocus={(event) => event.currentTarget.select()} />
            <Button variant="primary" icon="copy" test="copy-link" onClick={() => void copyText(joinUrl, t('invite.link_copied'), link.current)}>{t('invite.copy_link')}</Button>
          </div>
          {expiresAt ? <span class="hint">{t('invite.expires', { when: dateAndTime(expiresAt) })}</span> : null}
        </div>
        <div class="field">
          <label for="invitation">{t('invite.text', { language: languageName(invitation.locale) })}</label>
          <textarea
            ref={text} id="invitation" class="input" readOnly rows={5} lang={invitation.locale} dir={directionOf(invitation.locale)}
            data-test="invitation" value={invitation.text}
          />
          <div class="row wrap">
            <Button icon="copy" test="copy-invitation" onClick={() => void copyText(invitation.text, t('invite.text_copied'), text.current)}>{t('invite.copy_text')}</Button>
            {email ? <a class="button" href={mail} data-test="mail-invitation">{t('invite.email')}</a> : null}
          </div>
        </div>
      </div>
      <QrCode text={joinUrl} />
    </div>
  );
}

/** The code is drawn by a library that only this view loads. */
function QrCode({ text }: { text: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    void import('lean-qr')
      .then(({ generate }) => {
        if (!wanted || canvas.current === null) return;
        // Dark on light whatever the theme: scanners expect it.
        generate(text).toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 3 });
      })
      .catch(() => { if (wanted) setFailed(true); });
    return () => { wanted = false; };
  }, [text]);
  if (failed) return null;
  return (
    <figure class="qr">
      <canvas ref={canvas} role="img" aria-label={t('invite.qr')} data-test="qr" />
      <figcaption class="xs quiet">{t('invite.qr_hint')}</figcaption>
    </figure>
  );
}
