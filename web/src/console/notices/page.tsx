/** The notices page: what went out, whom nothing reaches, and for admins how and when buyers are told. */
import { useEffect, useState } from 'preact/hooks';
import { staff } from '../../base/sign_in';
import { Button, Icon, Skeleton } from '../../base/ui';
import { useLoaded } from '../asking';
import { ChannelsCard } from './channels_card';
import { KindsCard } from './kinds_card';
import { LogCard, UnreachedCard } from './log_card';
import { QuietCard } from './quiet_card';
import type { Channels, Quiet } from './shapes';
import { tn } from './text';
import './notices.css';

export function NoticesPage() {
  const person = staff.value;
  const roles = person?.organisation.kind === 'tenant' ? person.roles : [];
  if (!roles.includes('admin') && !roles.includes('agent')) {
    return <main class="page nothing"><div class="notice"><Icon name="lock" /><h1>{tn('notice.title')}</h1><p class="quiet">{tn('notice.not_yours')}</p></div></main>;
  }
  return <Notices isAdmin={roles.includes('admin')} />;
}

function Notices({ isAdmin }: { isAdmin: boolean }) {
  const [round, setRound] = useState(0);
  return (
    <main class="page notices" data-test="notices">
      <header class="stack tight"><h1>{tn('notice.title')}</h1><p class="quiet">{tn('notice.intro')}</p></header>
      <div class={isAdmin ? 'notice-columns' : 'notice-columns alone'}>
        <div class="stack wide-gap">
          <UnreachedCard round={round} />
          <LogCard onChanged={() => setRound((now) => now + 1)} />
        </div>
        {isAdmin ? <Arrangement /> : null}
      </div>
    </main>
  );
}

function Arrangement() {
  const channels = useLoaded<Channels>('/api/v1/notice-channels');
  const settings = useLoaded<Quiet>('/api/v1/notice-settings');
  const [quiet, setQuiet] = useState<Quiet | null>(null);
  useEffect(() => { if (settings.value) setQuiet(settings.value); }, [settings.value]);
  const failure = channels.failure ?? settings.failure;
  return (
    <div class="stack wide-gap">
      {failure ? <p role="alert">{tn('notice.failed', { reason: failure })} <Button size="small" onClick={() => { channels.reload(); settings.reload(); }}>{tn('base.try_again')}</Button></p> : null}
      {channels.value ? <ChannelsCard channels={channels.value} onSaved={channels.reload} /> : failure ? null : <Skeleton height={240} />}
      {quiet ? <QuietCard key={`${quiet.quiet_from}-${quiet.quiet_until}-${quiet.zone}`} quiet={quiet} onSaved={setQuiet} /> : null}
      {quiet ? <KindsCard quiet={quiet} onSaved={setQuiet} /> : failure ? null : <Skeleton height={240} />}
    </div>
  );
}
