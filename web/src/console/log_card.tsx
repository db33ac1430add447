/** The case log: who did what to the case, newest first. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../base/api';
import type { CaseView } from '../base/protocol/case';
import type { CaseState, Outcome } from '../base/protocol/words';
import { dateAndTime, money } from '../base/time';
import { Skeleton } from '../base/ui';
import { STATES as ALL_STATES } from '../staff/case_list';
import { deadlineWords } from './due_words';
import { onNews } from './news';
import { t } from './text';
import { ANOMALIES, SCAN_STATUSES } from './tracked';

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

const CLAIM_STATES = ['to_file', 'filed', 'accepted', 'refused'] as const;

function scanWords(value: unknown): string {
  const known = SCAN_STATUSES.find((status) => status === value);
  return known ? t(`scan.${known}`) : String(value ?? '–');
}

function anomalyWords(value: unknown): string {
  const known = ANOMALIES.find((anomaly) => anomaly === value);
  return known ? t(`anomaly.${known}`) : String(value ?? '–');
}

function claimWords(state: unknown): string {
  const known = CLAIM_STATES.find((name) => name === state);
  return known ? t(`log.carrier_claim_${known}`) : t('carrier.title');
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
    case 'notice_ordered':
    case 'notice_stopped':
    case 'evidence_sealed': return t(`log.${event.kind}`);
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
    case 'label_ordered':
    case 'label_made':
    case 'label_refused':
    case 'parcel_anomaly_over':
    case 'host_waits':
    case 'dispute_date_set': return t(`log.${event.kind}`);
    case 'parcel_scanned': return t('log.parcel_scanned', { status: scanWords(payload['status']) });
    case 'parcel_anomaly': return t('log.parcel_anomaly', { what: anomalyWords(payload['anomaly']) });
    case 'refund_ordered':
    case 'refund_sent':
    case 'refund_confirmed':
    case 'refund_refused':
    case 'refund_unclear': return t(`log.${event.kind}`, { amount: money(String(payload['amount'] ?? ''), String(payload['currency'] ?? '')) });
    case 'carrier_claim': return claimWords(payload['state']);
    default: {
      const words = event.kind.replace(/_/g, ' ');
      return words.charAt(0).toUpperCase() + words.slice(1);
    }
  }
}

/** Somebody's own words about it, or null. */
function ownWordsOf(event: CaseEvent): string | null {
  const words = event.kind === 'moved' ? (event.payload?.['words'] ?? event.payload?.['note']) : null;
  return typeof words === 'string' && words ? words : null;
}

/** What was read, and whatever has been written since. */
async function readOn(caseId: string, read: readonly CaseEvent[]): Promise<readonly CaseEvent[]> {
  const events = [...read];
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
    let known: readonly CaseEvent[] = [];
    let reading = Promise.resolve();
    const read = (): void => {
      reading = reading.then(async () => {
        try {
          const found = await readOn(view.id, known);
          if (!wanted) return;
          known = found;
          setEvents(found);
          setFailed(false);
        } catch {
          if (wanted) setFailed(true);
        }
      });
    };
    read();
    // What falls due is written into the log alone: the case stays as it was.
    const stop = onNews(read);
    return () => {
      wanted = false;
      stop();
    };
  }, [view.id, view.version, view.updated_at, view.tags.join(), view.snoozed_until]);
  return (
    <section class="card stack" data-test="case-log" aria-labelledby="log-title">
      <h2 id="log-title">{t('case.log')}</h2>
      {failed ? <p class="s quiet" role="alert">{t('log.failed')}</p> : events === null ? <Skeleton height={80} /> : events.length === 0 ? <p class="s quiet">{t('log.none')}</p> : (
        <ol class="case-log">
          {[...events].reverse().map((event) => (
            <li key={event.seq} data-test={`log-${event.seq}`} data-kind={event.kind}>
              <span>{eventWords(event)}</span>
              {ownWordsOf(event) === null ? null : <span class="s quiet" dir="auto">“{ownWordsOf(event)}”</span>}
              <span class="xs faint">{event.actor.name || t('log.system')} · <time datetime={event.at}>{dateAndTime(event.at)}</time></span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
