/** The buyer's link: its state, a new one, the end of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, post } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords } from '../base/sign_in';
import { ago, dateAndTime } from '../base/time';
import { Button, Chip, Dialog, toast, type Tone } from '../base/ui';
import { Invite } from './invite';
import { t } from './text';

interface Issued {
  join_url: string;
  expires_at: string;
  invitation: { locale: string; text: string };
}

const TONES: Record<CaseView['link']['state'], Tone> = { active: 'proof', expired: 'warn', revoked: 'plain', none: 'plain' };

/** `wanted` counts up when a link is asked for elsewhere on the page. */
export function LinkCard({ view, wanted, onChanged }: { view: CaseView; wanted: number; onChanged: () => void }) {
  const card = useRef<HTMLElement>(null);
  const [asked, setAsked] = useState<'renew' | 'revoke' | null>(null);
  const [busy, setBusy] = useState(false);
  const [issued, setIssued] = useState<Issued | null>(null);
  const { link } = view;
  const active = link.state === 'active';
  const path = `/api/v1/cases/${encodeURIComponent(view.id)}/link`;
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await work();
      onChanged();
    } catch (error) {
      if (!endedLogin(error)) toast(t('link.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
      setAsked(null);
    }
  };
  const renew = () => attempt(async () => setIssued(await post<Issued>(path)));
  const revoke = () => attempt(async () => {
    await call<undefined>('DELETE', path);
    setIssued(null);
    toast(t('link.revoked_done'));
  });
  useEffect(() => {
    if (wanted === 0) return;
    void renew();
    card.current?.scrollIntoView({ block: 'nearest' });
  }, [wanted]);
  return (
    <section ref={card} class="card stack" data-test="link-card" data-link-state={link.state} aria-labelledby="link-title">
      <div class="row between"><h2 id="link-title">{t('case.link')}</h2><Chip tone={TONES[link.state]} dot={active} test="link-state">{t(`link.${link.state}`)}</Chip></div>
      <p class="s quiet">{explanation(view)}</p>
      {issued ? <Invite joinUrl={issued.join_url} invitation={issued.invitation} email={view.buyer.email} orderNumber={view.order_number} /> : null}
      {active && !issued ? <p class="xs faint">{t('link.secret_hint')}</p> : null}
      {view.state === 'closed' ? null : (
        <div class="row wrap">
          <Button size="small" icon="link" busy={busy && asked !== 'revoke'} test="renew-link" onClick={() => (active ? setAsked('renew') : void renew())}>
            {t(active ? 'link.renew' : 'link.new')}
          </Button>
          {active ? <Button variant="danger-quiet" size="small" test="revoke-link" onClick={() => setAsked('revoke')}>{t('link.revoke')}</Button> : null}
        </div>
      )}
      {asked ? (
        <Dialog
          title={t(`link.${asked}_question`)} onClose={() => setAsked(null)} test="link-question"
          actions={(
            <>
              <Button onClick={() => setAsked(null)}>{t('base.cancel')}</Button>
              <Button variant={asked === 'revoke' ? 'danger' : 'primary'} busy={busy} test="link-yes" onClick={() => void (asked === 'revoke' ? revoke() : renew())}>
                {t(asked === 'revoke' ? 'link.revoke' : 'link.renew')}
              </Button>
            </>
          )}
        >
          <p>{t(`link.${asked}_words`)}</p>
        </Dialog>
      ) : null}
    </section>
  );
}

function explanation({ link }: CaseView): string {
  if (link.state === 'none') return t('link.none_hint');
  if (link.state === 'expired') return t('link.expired_hint');
  if (link.state === 'revoked') return t('link.revoked_hint');
  const joined = link.first_joined_at ? t('link.joined', { when: ago(link.first_joined_at) }) : t('link.not_joined');
  return link.expires_at ? `${joined} ${t('invite.expires', { when: dateAndTime(link.expires_at) })}` : joined;
}
