/** Who else is in the call: a word for each, the second picture, and a line when somebody comes. */
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Participant, SessionEvent } from '../base/protocol/session';
import { Icon, toast } from '../base/ui';
import type { LiveSession } from '../live/session';
import { RemoteVideo } from './remote_video';
import { t } from './text';

/** As what somebody is there, in a word. */
export function asWord(person: { capacity?: Participant['capacity'] | undefined }): string {
  return t(`call.as_${person.capacity ?? 'host'}`);
}

export function initials(name: string): string {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => Array.from(word)[0]).join('').toUpperCase();
}

/** Everybody who watches is named, heard or not. */
export function CompanyPills({ session }: { session: LiveSession }) {
  return (
    <>
      {session.observers.value.map((person) => (
        <span class="pill" key={person.id} data-test="observer" data-voice={person.voice}>
          <Icon name={person.voice === 'speaks' ? 'user' : 'sound'} />
          {t(person.voice === 'speaks' ? 'call.guest' : 'call.guest_listens', { name: person.name, as: asWord(person) })}
        </span>
      ))}
    </>
  );
}

/** The picture on the second lines, with its sound; nothing while nobody is on them. */
export function GuestPicture({ session, stream }: { session: LiveSession; stream: MediaStream | null }) {
  const guest = session.guest.value;
  if (!guest) return null;
  return (
    <div class="guest" key={guest.id} data-test="guest" data-name={guest.name}>
      <RemoteVideo stream={stream} fit="cover" label={t('call.picture_of_guest', { name: guest.name })} test="guest-video" />
      {guest.camera ? null : <span class="guest-face" aria-hidden="true">{initials(guest.name)}</span>}
      <span class="self-name">
        {guest.microphone ? null : <Icon name="micOff" />}
        {guest.name}
      </span>
    </div>
  );
}

/** Say what changes in the company, once each; `told` is for what concerns only one page. */
export function useCompanyNews(session: LiveSession, told?: (event: SessionEvent) => void): void {
  useEffect(() => {
    let seen = session.historyLoaded.peek() ? (session.events.peek().at(-1)?.seq ?? 0) : -1;
    return effect(() => {
      const events = session.events.value;
      const newest = events.at(-1)?.seq ?? 0;
      // What happened before this page was there is no news.
      if (seen < 0) {
        if (session.historyLoaded.value) seen = newest;
        return;
      }
      for (const event of events) {
        if (event.seq <= seen) continue;
        if (event.kind === 'joined' && event.payload.role === 'observer' && event.payload.participant_id !== session.you.participant_id) {
          toast(t('call.came', { name: event.payload.name, as: asWord(event.payload) }));
        }
        if (event.kind === 'observer_removed') toast(t('call.event_removed', { name: event.payload.name }));
        told?.(event);
      }
      seen = Math.max(seen, newest);
    });
  }, [session]);
}
