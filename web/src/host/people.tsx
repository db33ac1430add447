/** Who is in the call and what the host may do about it: voices, links for interpreters, handing over. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, call, get, post } from '../base/api';
import type { HostToAsk, ObserverLink } from '../base/protocol/desk';
import type { Participant } from '../base/protocol/session';
import { languageName } from '../base/time';
import { Button, Chip, Dialog, Icon, TextArea, toast } from '../base/ui';
import { asWord } from '../call/company';
import type { LiveSession } from '../live/session';
import { t } from './text';

/** One thing at a time, with a word when it fails. */
function useDoing(): { doing: string | null; run: (name: string, work: () => Promise<void>) => void } {
  const doing = useSignal<string | null>(null);
  const run = (name: string, work: () => Promise<void>) => {
    if (doing.value !== null) return;
    doing.value = name;
    work()
      .catch((error: unknown) => toast(troubleWords(error)))
      .finally(() => (doing.value = null));
  };
  return { doing: doing.value, run };
}

const TROUBLE: Partial<Record<string, 'host.handover_not_ready' | 'host.handover_none' | 'host.handover_over' | 'host.handover_not_here' | 'host.not_in_charge'>> = {
  host_not_ready: 'host.handover_not_ready',
  nobody_ready: 'host.handover_none',
  handover_over: 'host.handover_over',
  successor_not_here: 'host.handover_not_here',
  not_in_charge: 'host.not_in_charge',
};

export function troubleWords(error: unknown): string {
  const known = error instanceof ApiError ? TROUBLE[error.code] : undefined;
  return t(known ?? 'host.work_failed');
}

function words(person: Participant): string {
  if (person.role === 'buyer') return t('host.p_buyer');
  if (person.role === 'host') return person.in_charge ? `${t('call.as_host')}, ${t('host.you_in_charge')}` : t('call.as_host');
  return asWord(person);
}

export function PeopleDialog({ session, onClose, onHandOver }: { session: LiveSession; onClose: () => void; onHandOver: () => void }) {
  const { doing, run } = useDoing();
  const inCharge = session.me.value?.in_charge ?? false;
  const present = session.participants.value.filter((p) => p.presence !== 'left');
  const somebodySpeaks = session.observers.value.some((p) => p.voice === 'speaks');
  const path = `/api/sessions/${session.id}`;
  const buyer = session.other.value?.name ?? session.snapshot.value.case.buyer.name;
  const speak = (person: Participant, voice: 'speaks' | 'silent') =>
    run(person.id, async () => void (await post(`${path}/observers/${person.id}`, { voice }, { retries: 2 })));
  return (
    <Dialog title={t('host.people_title')} onClose={onClose} sheet test="people-dialog">
      <ul class="stack people">
        {present.map((person) => (
          <li key={person.id} class="row between wrap" data-test="person" data-role={person.role} data-name={person.name} data-voice={person.voice}>
            <span class="row">
              <Icon name={person.role === 'observer' && person.voice !== 'speaks' ? 'sound' : 'user'} />
              <span>
                <strong>{person.name}</strong>
                <span class="s quiet block">{words(person)} · {languageName(person.locale)}</span>
              </span>
            </span>
            <span class="row wrap chips">
              {person.presence === 'away' ? <Chip tone="warn">{t('host.p_away')}</Chip> : null}
              {person.voice ? <Chip tone={person.voice === 'asks' ? 'warn' : person.voice === 'speaks' ? 'proof' : 'plain'}>{t(`host.p_${person.voice}`)}</Chip> : null}
              {inCharge && person.voice === 'asks' ? <Button test="let-speak" busy={doing === person.id} onClick={() => speak(person, 'speaks')}>{t('host.let_speak')}</Button> : null}
              {inCharge && person.voice === 'speaks' ? <Button test="silence" busy={doing === person.id} onClick={() => speak(person, 'silent')}>{t('host.silence')}</Button> : null}
              {inCharge && person.role === 'observer' ? (
                <Button variant="danger-quiet" test="show-out" onClick={() => run(person.id, async () => void (await call('DELETE', `${path}/observers/${person.id}`)))}>{t('host.show_out')}</Button>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      {inCharge && somebodySpeaks && session.observers.value.some((p) => p.voice === 'asks') ? <p class="s quiet">{t('host.speaks_instead')}</p> : null}
      {inCharge ? <Links session={session} /> : null}
      {inCharge && session.state.value === 'live' && !session.handover.value ? (
        <section class="stack">
          <h3>{t('host.handover')}</h3>
          <p class="s quiet">{t('host.handover_text', { name: buyer })}</p>
          <Button size="large" icon="users" test="handover" onClick={onHandOver}>{t('host.handover_title', { name: buyer })}</Button>
        </section>
      ) : null}
    </Dialog>
  );
}

function Links({ session }: { session: LiveSession }) {
  const { doing, run } = useDoing();
  const links = useSignal<readonly ObserverLink[]>([]);
  const made = useSignal<{ link_id: string; observe_url: string } | null>(null);
  const path = `/api/sessions/${session.id}/observer-links`;
  const load = async () => {
    links.value = (await get<{ links: ObserverLink[] }>(path)).links;
  };
  useEffect(() => void load().catch(() => undefined), [session.observers.value.length]);
  const fresh = made.value;
  const copy = (url: string) => void navigator.clipboard?.writeText(url).then(() => toast(t('host.invite_copied')), () => undefined);
  return (
    <section class="stack">
      <h3>{t('host.invite_title')}</h3>
      <p class="s quiet">{t('host.invite_text')}</p>
      {fresh ? (
        <div class="stack tight">
          <input class="input mono" readOnly value={fresh.observe_url} aria-label={t('host.invite_title')} data-test="observe-url" onFocus={(event) => event.currentTarget.select()} />
          <p class="xs quiet">{t('host.invite_shown_once')}</p>
          <Button icon="copy" test="copy-observe-url" onClick={() => copy(fresh.observe_url)}>{t('host.invite_copy')}</Button>
        </div>
      ) : (
        <Button
          icon="link"
          test="make-observe-link"
          busy={doing === 'make'}
          onClick={() => run('make', async () => {
            made.value = await post<{ link_id: string; observe_url: string }>(path);
            await load();
          })}
        >
          {t('host.invite_make')}
        </Button>
      )}
      {links.value.map((link) => (
        <div class="row between wrap s" key={link.link_id}>
          <span>{link.used_by ? t('host.invite_used', { name: link.used_by }) : t('host.invite_open')}</span>
          <Button
            variant="danger-quiet"
            busy={doing === link.link_id}
            test="revoke-observe-link"
            onClick={() => run(link.link_id, async () => {
              await call('DELETE', `${path}/${link.link_id}`);
              if (made.peek()?.link_id === link.link_id) made.value = null;
              await load();
            })}
          >
            {t('host.invite_withdraw')}
          </Button>
        </div>
      ))}
    </section>
  );
}

export function HandoverDialog({ session, onClose }: { session: LiveSession; onClose: () => void }) {
  const { doing, run } = useDoing();
  const hosts = useSignal<readonly HostToAsk[] | null>(null);
  const note = useSignal('');
  const buyer = session.other.value?.name ?? session.snapshot.value.case.buyer.name;
  const path = `/api/sessions/${session.id}`;
  useEffect(() => {
    const load = () => get<{ hosts: HostToAsk[] }>(`${path}/hosts`).then(({ hosts: found }) => (hosts.value = found), () => (hosts.value = hosts.peek() ?? []));
    void load();
    const timer = setInterval(() => void load(), 4_000);
    return () => clearInterval(timer);
  }, []);
  const ask = (name: string, body: { staff_id?: string; language?: string }) =>
    run(name, async () => {
      await post(`${path}/handover`, { ...body, note: note.value.trim().slice(0, 500) });
      onClose();
    });
  const free = (hosts.value ?? []).filter((host) => !host.busy);
  const languages = [...new Set(free.map((host) => host.locale))];
  return (
    <Dialog title={t('host.handover_title', { name: buyer })} onClose={onClose} sheet test="handover-dialog">
      <p class="quiet">{t('host.handover_text', { name: buyer })}</p>
      <TextArea label={t('host.handover_note')} rows={2} maxLength={500} value={note.value} test="handover-note" onInput={(event) => (note.value = event.currentTarget.value)} />
      {hosts.value === null ? <span class="spinner" aria-hidden="true" /> : null}
      {hosts.value !== null && free.length === 0 ? <p data-test="handover-none">{t('host.handover_none')}</p> : null}
      <ul class="stack people">
        {(hosts.value ?? []).map((host) => (
          <li class="row between wrap" key={host.staff_id} data-test="host-to-ask" data-name={host.name}>
            <span>
              <strong>{host.name}</strong>
              <span class="s quiet block">{languageName(host.locale)}{host.of_the_seller ? ` · ${t('call.as_agent')}` : ''}</span>
            </span>
            {host.busy ? <Chip>{t('host.handover_busy')}</Chip> : <Button test="ask-host-over" busy={doing === host.staff_id} onClick={() => ask(host.staff_id, { staff_id: host.staff_id })}>{t('host.handover_ask')}</Button>}
          </li>
        ))}
      </ul>
      {free.length > 1 ? (
        <div class="choices">
          <Button test="ask-anyone" busy={doing === 'anyone'} onClick={() => ask('anyone', {})}>{t('host.handover_anyone')}</Button>
          {languages.length > 1 ? languages.map((language) => (
            <Button key={language} test={`ask-${language}`} busy={doing === language} onClick={() => ask(language, { language })}>{t('host.handover_language', { language: languageName(language) })}</Button>
          )) : null}
        </div>
      ) : null}
    </Dialog>
  );
}
