/** The call that is under way or could begin: host it, watch it, send an interpreter in. */
import { useState } from 'preact/hooks';
import { post } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords, staff } from '../base/sign_in';
import { Button, Icon, toast } from '../base/ui';
import { copyText } from './copy';
import { t } from './text';

const MAY_CALL = ['agent', 'admin', 'inspector'] as const;

export function CallCard({ view }: { view: CaseView }) {
  const [busy, setBusy] = useState(false);
  const [url, setUrl] = useState<string | null>(null);
  const roles = staff.value?.roles ?? [];
  if (!MAY_CALL.some((role) => roles.includes(role))) return null;
  const open = view.sessions.find((session) => session.state !== 'ended');
  const watchable = open && (open.state === 'live' || open.state === 'held') ? open : null;
  const hostable = view.state === 'inspection_offered' || view.state === 'waiting';
  if (!watchable && !hostable) return null;
  const invite = async (sessionId: string): Promise<void> => {
    setBusy(true);
    try {
      setUrl((await post<{ observe_url: string }>(`/api/sessions/${encodeURIComponent(sessionId)}/observer-links`)).observe_url);
    } catch (error) {
      if (!endedLogin(error)) toast(t('link.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" data-test="call-card" aria-labelledby="call-title">
      <h2 id="call-title">{t('calls.title')}</h2>
      {hostable && !watchable ? (
        <>
          <p class="s quiet">{t(view.state === 'waiting' ? 'calls.waiting' : 'calls.invited')}</p>
          <a class="button" href={`/inspect?take=${encodeURIComponent(view.id)}`} data-test="host-now"><Icon name="video" />{t('calls.host_now')}</a>
          <p class="xs faint">{t('calls.recorded')}</p>
        </>
      ) : null}
      {watchable ? (
        <>
          <p class="s quiet">{t('calls.live')}</p>
          <div class="row wrap">
            <a class="button" href={`/observe/${encodeURIComponent(watchable.id)}`} target="_blank" rel="noopener" data-test="observe"><Icon name="users" />{t('calls.observe')}</a>
            <Button icon="link" busy={busy} test="invite-interpreter" onClick={() => void invite(watchable.id)}>{t('calls.interpreter')}</Button>
          </div>
          {url ? (
            <div class="stack">
              <input class="input mono" readOnly value={url} aria-label={t('calls.interpreter')} data-test="observe-url" onFocus={(event) => event.currentTarget.select()} />
              <p class="xs faint">{t('calls.interpreter_hint')}</p>
              <Button size="small" icon="copy" onClick={() => void copyText(url, t('invite.link_copied'), document.querySelector<HTMLInputElement>('[data-test=observe-url]'))}>{t('invite.copy_link')}</Button>
            </div>
          ) : null}
        </>
      ) : null}
    </section>
  );
}
