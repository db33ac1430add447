/** On a case's page: to whom its inspections were shared, whether they looked, and ending that. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, get } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import { endedLogin, failureWords } from '../base/sign_in';
import { addText } from '../base/text';
import { dateAndTime } from '../base/time';
import { Button, Chip, Skeleton, toast } from '../base/ui';
import { evidenceWords, te } from './text';

interface Share {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly from_ms: number | null;
  readonly may_download: boolean;
  readonly state: 'open' | 'expired' | 'ended';
  readonly expires_at: string;
  readonly last_seen_at: string | null;
}

export function SharesCard({ view }: { view: CaseView }) {
  const [ready, setReady] = useState(false);
  const [shares, setShares] = useState<readonly Share[] | null>(null);
  const [hidden, setHidden] = useState(false);
  const [failed, setFailed] = useState(false);
  const load = async (): Promise<void> => {
    try {
      setShares((await get<{ items: Share[] }>(`/api/v1/cases/${encodeURIComponent(view.id)}/shares`)).items);
      setFailed(false);
    } catch (error) {
      if (endedLogin(error)) return;
      if (error instanceof ApiError && error.status === 403) setHidden(true);
      else setFailed(true);
    }
  };
  useEffect(() => { void addText(evidenceWords).then(() => setReady(true)); }, []);
  useEffect(() => { void load(); }, [view.id]);
  const end = async (share: Share): Promise<void> => {
    try {
      await call<undefined>('DELETE', `/api/v1/shares/${encodeURIComponent(share.id)}`, { retries: 2 });
      toast(te('share.ended'));
    } catch (error) {
      if (!endedLogin(error)) toast(te('share.failed', { reason: failureWords(error) }));
    }
    await load();
  };
  if (!ready || hidden || !view.sessions.some((session) => session.recorded)) return null;
  return (
    <section class="card stack" data-test="shares-card" aria-labelledby="shares-title">
      <h2 id="shares-title">{te('share.list')}</h2>
      <p class="s quiet">{te('share.list_about')}</p>
      {failed ? <p class="s quiet" role="alert">{te('access.failed')}</p> : shares === null ? <Skeleton height={60} /> : shares.length === 0 ? <p class="s quiet">{te('share.list_none')}</p> : (
        <ul class="plain-list stack">
          {shares.map((share) => (
            <li key={share.id} class="row between wrap" data-test="share" data-state={share.state}>
              <div class="stack tight">
                <strong><bdi>{share.name}</bdi></strong>
                <span class="row wrap s">
                  <Chip tone={share.state === 'open' ? 'note' : 'plain'}>{te(`share.state.${share.state}`, { until: dateAndTime(share.expires_at) })}</Chip>
                  {share.from_ms === null ? null : <span class="quiet">{te('share.only_part')}</span>}
                  {share.may_download ? <span class="quiet">{te('share.downloads')}</span> : null}
                </span>
                <span class="xs faint">{share.last_seen_at === null ? te('share.never_seen') : te('share.seen', { when: dateAndTime(share.last_seen_at) })}</span>
              </div>
              {share.state === 'open' ? <Button size="small" variant="danger" test="end-share" onClick={() => void end(share)}>{te('share.end')}</Button> : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
