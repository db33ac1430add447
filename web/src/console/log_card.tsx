/** The case log: who did what to the case, newest first. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import type { CaseState, CaseView, Outcome } from '../base/protocol';
import { dateAndTime } from '../base/time';
import { Skeleton } from '../base/ui';
import { STATES as ALL_STATES } from '../staff/case_list';
import { deadlineWords } from './due_words';
import { t } from './text';

export interface CaseEvent {
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly actor: { readonly role: string; readonly name: string };
  readonly payload: Readonly<Record<string, unknown>> | null;
}

const STATES: ReadonlySet<string> = new Set<CaseState>(ALL_STATES);
const OUTCOMES: ReadonlySet<string> = new Set<Outcome>(['resolved_without_return', 'refund', 'partial_refund', 'exchange', 'send_back', 'reject']);

function stateWords(value: unknown): string {
  return typeof value === 'string' && STATES.has(value) ? t(`state.${value as CaseState}`) : String(value ?? '–');
}

/** Kinds that this page does not know yet are shown by their name. */
export function eventWords(event: CaseEvent): string {
  const payload = event.payload ?? {};
  switch (event.kind) {
    case 'case_opened': return t('log.case_opened');
    case 'buyer_filed': return t('log.buyer_filed');
    case 'link_issued': return t('log.link_issued');
    case 'message': return t('log.message');
    case 'note': return t('log.note');
    case 'translation': return t('log.translation');
    case 'link_revoked': return t('log.link_revoked');
    case 'observed': return t('log.observed', { name: String(payload['name'] ?? '') });
    case 'handed_over': return t('log.handed_over', { from: String(payload['from'] ?? ''), to: String(payload['to'] ?? '') });
    case 'assigned': return t('log.assigned');
    case 'tagged':
    case 'untagged': return t(`log.${event.kind}`, { tag: String(payload['tag'] ?? '') });
    case 'snoozed': return t('log.snoozed', { when: dateAndTime(String(payload['until'] ?? '')) });
    case 'unsnoozed': return t('log.unsnoozed');
    case 'released': return t('log.released');
    case 'link_reminder':
    case 'offer_reminder':
    case 'photographs_only': return t(`log.${event.kind}`);
    case 'deadline_warned':
    case 'deadline_missed':
    case 'escalated': return t(`log.${event.kind}`, { what: deadlineWords(payload['deadline']) });
    case 'notice_stopped': return t('log.notice_stopped');
    case 'appointment_booked':
    case 'appointment_moved':
    case 'appointment_cancelled':
    case 'appointment_reminder':
    case 'appointment_missed': return t(`log.${event.kind}`, { when: dateAndTime(String(payload['starts_at'] ?? '')) });
    case 'moved': return t('log.moved', { from: stateWords(payload['from']), to: stateWords(payload['to']) });
    case 'policy_answered': return t('log.policy_answered', { sentence: String(payload['sentence'] ?? '') });
    case 'verdict': {
      const outcome = payload['outcome'];
      return t('log.verdict', { outcome: typeof outcome === 'string' && OUTCOMES.has(outcome) ? t(`outcome.${outcome as Outcome}`) : '–' });
    }
    default: {
      const words = event.kind.replace(/_/g, ' ');
      return words.charAt(0).toUpperCase() + words.slice(1);
    }
  }
}

async function readLog(caseId: string): Promise<CaseEvent[]> {
  const events: CaseEvent[] = [];
  for (;;) {
    const after = events[events.length - 1]?.seq ?? 0;
    const page = await get<{ events: CaseEvent[]; last_seq: number }>(`/api/v1/cases/${encodeURIComponent(caseId)}/events?after=${after}`);
    events.push(...page.events);
    const last = events[events.length - 1]?.seq ?? 0;
    if (page.events.length === 0 || last >= page.last_seq) return events;
  }
}

export function LogCard({ view }: { view: CaseView }) {
  const [events, setEvents] = useState<readonly CaseEvent[] | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    readLog(view.id).then(
      (read) => { if (wanted) { setEvents(read); setFailed(false); } },
      () => { if (wanted) setFailed(true); },
    );
    return () => { wanted = false; };
  }, [view.id, view.version, view.updated_at, view.tags.join(), view.snoozed_until]);
  return (
    <section class="card stack" data-test="case-log" aria-labelledby="log-title">
      <h2 id="log-title">{t('case.log')}</h2>
      {failed ? <p class="s quiet" role="alert">{t('log.failed')}</p> : events === null ? <Skeleton height={80} /> : events.length === 0 ? <p class="s quiet">{t('log.none')}</p> : (
        <ol class="case-log">
          {[...events].reverse().map((event) => (
            <li key={event.seq} data-test={`log-${event.seq}`} data-kind={event.kind}>
              <span>{eventWords(event)}</span>
              <span class="xs faint">{event.actor.name || t('log.system')} · <time datetime={event.at}>{dateAndTime(event.at)}</time></span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
