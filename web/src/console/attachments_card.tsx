/** What the buyer attached, in the form or by mail: a gallery with zoom, download and each file's hash. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import { endedLogin } from '../base/sign_in';
import { Button, Chip, Dialog, Icon } from '../base/ui';
import { onThread } from './news';
import { t } from './text';

interface Attachment {
  id: string;
  name: string;
  size: number;
  media_type: string;
  sha256: string;
  has_preview: boolean;
}
interface Filed {
  order_known: boolean | null;
  items: Attachment[];
}

export function AttachmentsCard({ caseId }: { caseId: string }) {
  const [filed, setFiled] = useState<Filed | null>(null);
  const [failed, setFailed] = useState(false);
  const [shown, setShown] = useState<Attachment | null>(null);
  const path = `/api/v1/cases/${encodeURIComponent(caseId)}/attachments`;
  const load = () => {
    setFailed(false);
    get<Filed>(path).then(setFiled, (error: unknown) => {
      if (!endedLogin(error)) setFailed(true);
    });
  };
  useEffect(() => {
    load();
    // What comes by mail comes with a message.
    return onThread((changed, typing) => { if (changed === caseId && typing === null) load(); });
  }, [path]);
  if (failed) return <section class="card stack"><p>{t('attached.failed')}</p><Button onClick={load}>{t('base.try_again')}</Button></section>;
  if (!filed || (filed.order_known === null && filed.items.length === 0)) return null;
  const url = (item: Attachment) => `${path}/${item.id}`;
  return (
    <section class="card stack" data-test="attachments" aria-labelledby="attached-title">
      <div class="row between wrap">
        <h2 id="attached-title">{t('attached.title')}</h2>
        {filed.order_known !== false ? null : <Chip tone="warn" test="order-unknown">{t('attached.order_unknown')}</Chip>}
      </div>
      {filed.items.length === 0 ? <p class="s quiet">{t('attached.none')}</p> : null}
      <ul class="attached">
        {filed.items.map((item) => (
          <li key={item.id}>
            <button type="button" class="attached-open" aria-label={t('attached.open', { name: item.name })} data-test="attachment" onClick={() => setShown(item)}>
              {item.has_preview ? <img src={`${url(item)}/preview`} alt="" loading="lazy" /> : <span class="no-picture"><Icon name="video" /></span>}
            </button>
            <p class="xs attached-name" dir="auto" title={item.name}>{item.name}</p>
          </li>
        ))}
      </ul>
      {shown ? (
        <Dialog title={shown.name} onClose={() => setShown(null)} test="attachment-dialog" actions={<a class="button" href={url(shown)} download={shown.name}>{t('attached.download')}</a>}>
          {shown.has_preview
            ? <a href={`${url(shown)}/preview`} target="_blank" rel="noreferrer"><img src={`${url(shown)}/preview`} alt={shown.name} /></a>
            : <video src={url(shown)} controls playsInline preload="metadata" />}
          <p class="xs quiet">SHA-256 <span class="mono">{shown.sha256}</span></p>
        </Dialog>
      ) : null}
    </section>
  );
}
