/** The mails that went out, or did not. */
import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { dateAndTime } from '../../base/time';
import { Button, Chip, Skeleton, toast, type Tone } from '../../base/ui';
import type { Mail, MailState } from './kinds';
import { tq } from './text';

const TONES: Readonly<Record<MailState, Tone>> = { queued: 'note', sent: 'proof', refused: 'live', no_server: 'warn' };

export function MailsCard() {
  const [mails, setMails] = useState<readonly Mail[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const load = async (after: string | null): Promise<void> => {
    try {
      const page = await get<{ items: Mail[]; next_cursor: string | null }>(`/api/v1/mails?limit=10${after ? `&cursor=${after}` : ''}`);
      setMails((before) => (after && before ? [...before, ...page.items] : page.items));
      setCursor(page.next_cursor);
    } catch (error) {
      if (!endedLogin(error)) toast(failureWords(error));
    }
  };
  useEffect(() => void load(null), []);
  const again = async (mail: Mail): Promise<void> => {
    try {
      await post(`/api/v1/mails/${mail.id}/send`);
      toast(tq('people.ordered'));
    } catch (error) {
      if (!endedLogin(error)) toast(failureWords(error));
    }
    await load(null);
  };
  return (
    <section class="card stack" aria-labelledby="mails-title" data-test="mails-card">
      <h2 id="mails-title">{tq('people.mails')}</h2>
      {mails === null ? <Skeleton height={80} /> : mails.length === 0 ? <p class="s quiet">{tq('people.no_mails')}</p> : (
        <ul class="person-rows">
          {mails.map((mail) => (
            <li key={mail.id} class="person-row">
              <div class="person-words">
                <strong>{mail.subject}</strong>
                <span class="s quiet">{mail.to} · {dateAndTime(mail.sent_at ?? mail.created_at)}</span>
                <span class="chips"><Chip tone={TONES[mail.state]}>{tq(`people.mail.${mail.state}`)}</Chip></span>
                {mail.state !== 'sent' && mail.last_words ? <span class="s quiet">{mail.last_words}</span> : null}
              </div>
              {mail.state === 'refused' || mail.state === 'no_server' ? <Button onClick={() => void again(mail)}>{tq('people.send_again')}</Button> : null}
            </li>
          ))}
        </ul>
      )}
      {cursor !== null ? <Button onClick={() => void load(cursor)}>{tq('people.more')}</Button> : null}
    </section>
  );
}
