/** An entry of the session log in words. */
import type { SessionEvent } from '../base/protocol/session';
import type { IconName } from '../base/ui';
import type { Entry } from './entries';
import { t } from './text';
import { length } from './time_words';

const CAUSES = ['media_lost', 'peer_lost', 'packet_loss', 'tap_overflow', 'recorder_lost', 'stopped'] as const;

export function causeWords(cause: string): string {
  const known = CAUSES.find((one) => one === cause);
  return t(`cause.${known ?? 'other'}`);
}

/** Names by participant id, for events that the server itself wrote. */
export type Names = ReadonlyMap<string, string>;

export function describe(event: SessionEvent, names: Names): string {
  const name = event.actor.name;
  const of = (id: string): string => names.get(id) ?? name;
  switch (event.kind) {
    case 'session_opened': return t('event.session_opened', { direction: t(`direction.${event.payload.direction}`) });
    case 'joined': return t('event.joined', { name: event.payload.name });
    case 'host_took': return t('event.host_took', { name: event.payload.name });
    case 'host_released': return t('event.host_released', { name });
    case 'observer_invited': return t('event.observer_invited', { name });
    case 'observer_link_revoked': return t('event.observer_link_revoked', { name });
    case 'observer_removed': return t('event.observer_removed', { name, of: event.payload.name });
    case 'voice': return t(event.payload.voice === 'speaks' ? 'event.voice_speaks' : 'event.voice_silent', { name: event.payload.name });
    case 'handover_asked': return event.payload.to ? t('event.handover_asked', { name, to: event.payload.to }) : t('event.handover_asked_anyone', { name });
    case 'handover_accepted': return t('event.handover_accepted', { name: event.payload.to, from: event.payload.from });
    case 'handover_ended': return t('event.handover_ended');
    case 'host_changed': return t('event.host_changed', { name: event.payload.to, from: event.payload.from });
    case 'presence': return t(`event.presence_${event.payload.presence}`, { name: of(event.payload.participant_id) });
    case 'peer_connected': return t('event.peer_connected', { name: of(event.payload.participant_id), codec: event.payload.codec ?? '–' });
    case 'peer_lost': return t('event.peer_lost', { name: of(event.payload.participant_id) });
    case 'consent_given': return t('event.consent_given', { name });
    case 'consent_withdrawn': return t('event.consent_withdrawn', { name });
    case 'message': return event.payload.text;
    case 'marker': return event.payload.label || t('event.marker');
    case 'still_taken': return t('event.still_taken', { name, of: of(event.payload.participant_id) });
    case 'still_cut': case 'still_failed': return t('still.title');
    case 'media_state': return `${t(event.payload.camera ? 'event.camera_on' : 'event.camera_off', { name })}, ${t(event.payload.microphone ? 'event.microphone_on' : 'event.microphone_off', { name })}`;
    case 'sound_asked': return t('event.sound_asked', { name });
    case 'sound_answered': return t(event.payload.heard ? 'event.sound_heard' : 'event.sound_not_heard', { name });
    case 'finding': return t('event.finding', { words: event.payload.words });
    case 'finding_answer': {
      const said = t(`event.finding_${event.payload.answer}`, { name });
      return event.payload.words ? `${said}: “${event.payload.words}”` : said;
    }
    case 'bench_attached': return t('event.bench_attached', { name: event.payload.name });
    case 'bench_detached': return t('event.bench_detached', { name: event.payload.name });
    case 'device_asked': return t('event.device_asked');
    case 'device_answered': return t(event.payload.answer === 'yes' ? 'event.device_yes' : 'event.device_no');
    case 'recording_opened': return t('event.recording_opened', { name: of(event.payload.participant_id) });
    case 'gap': return t('event.gap_of', { name: of(event.payload.participant_id), length: length(event.payload.to_ms - event.payload.from_ms), cause: causeWords(event.payload.cause) });
    case 'verdict': return event.payload.outcome ? t('event.verdict', { outcome: t(`outcome.${event.payload.outcome}`) }) : t('event.verdict', { outcome: '–' });
    case 'ended': return t('event.ended');
    case 'device_key': return t('event.device_key', { name: of(event.payload.participant_id) });
    case 'sealed': return t('event.sealed');
    case 'time_stamped': return t('event.time_stamped');
  }
}

const ICONS: Readonly<Record<string, IconName>> = {
  message: 'write', marker: 'flag', still_taken: 'camera', finding: 'question', finding_answer: 'check',
  gap: 'warning', peer_lost: 'linkOff', peer_connected: 'link', verdict: 'check', sealed: 'shield', time_stamped: 'clock', device_key: 'lock', consent_given: 'lock', consent_withdrawn: 'lock',
  recording_opened: 'video', bench_attached: 'camera', bench_detached: 'camera', ended: 'hangUp', device_asked: 'phone', device_answered: 'phone', media_state: 'mic', sound_asked: 'sound', sound_answered: 'sound',
};

export function iconOf(entry: Entry): IconName {
  return ICONS[entry.event.kind] ?? 'users';
}
