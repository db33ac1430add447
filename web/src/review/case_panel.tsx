/** What the inspection was about: claim, findings, verdict, item; and what proves it. */
import type { CaseView } from '../base/protocol/case';
import type { EventOf } from '../base/protocol/session';
import type { Timeline } from '../base/protocol/timeline';
import { dateAndTime, money } from '../base/time';
import { Picture } from '../staff/picture';
import type { Names } from './describe';
import type { Entry } from './entries';
import { ProofCard } from './proof';
import { t } from './text';
import { wallSeconds } from './time_words';

interface Props {
  timeline: Timeline;
  entries: readonly Entry[];
  names: Names;
  onJump: (entry: Entry) => void;
}

export function CasePanel({ timeline, entries, names, onJump }: Props) {
  const view = timeline.case;
  return (
    <div class="case-panel">
      <ProofCard timeline={timeline} names={names} onSeek={(wallMs) => { const first = entries[0]; if (first) onJump({ ...first, wallMs }); }} />
      <ClaimCard view={view} />
      <Findings entries={entries} onJump={onJump} />
      <VerdictCard view={view} />
      <ItemCard view={view} />
    </div>
  );
}

export function ClaimCard({ view }: { view: CaseView }) {
  return (
    <section class="panel" data-test="claim">
      <h2>{t('case.claim')}</h2>
      <p><strong>{t(`reason.${view.claim.reason}`)}</strong></p>
      {view.claim.words ? <blockquote dir="auto" lang={view.claim.locale}>“{view.claim.words}”</blockquote> : null}
      <p class="s quiet">{view.buyer.name}</p>
    </section>
  );
}

function Findings({ entries, onJump }: Pick<Props, 'entries' | 'onJump'>) {
  const answers = new Map<string, EventOf<'finding_answer'>>();
  for (const { event } of entries) if (event.kind === 'finding_answer') answers.set(event.payload.finding_id, event);
  const findings = entries.filter((entry) => entry.event.kind === 'finding');
  return (
    <section class="panel" data-test="findings">
      <h2>{t('case.findings')}</h2>
      {findings.length === 0 ? <p class="s quiet">{t('case.no_findings')}</p> : null}
      {findings.map((entry) => {
        if (entry.event.kind !== 'finding') return null;
        const answer = answers.get(entry.event.payload.finding_id);
        const said = answer ? t(`event.finding_${answer.payload.answer}`, { name: answer.actor.name }) : t('case.unanswered');
        return (
          <button key={entry.seq} type="button" class={`finding ${answer?.payload.answer ?? ''}`} onClick={() => onJump(entry)} data-test={`finding-${entry.seq}`}>
            <strong>{entry.event.payload.words}</strong>
            <span class="s quiet">{said}{answer?.payload.words ? `: “${answer.payload.words}”` : ''} · <time>{wallSeconds(entry.wallMs)}</time></span>
          </button>
        );
      })}
    </section>
  );
}

export function VerdictCard({ view }: { view: CaseView }) {
  const { verdict } = view;
  return (
    <section class="panel" data-test="verdict">
      <h2>{t('case.verdict')}</h2>
      {verdict === null ? <p class="s quiet">{t('case.no_verdict')}</p> : (
        <>
          <p><strong>{t(`outcome.${verdict.outcome}`)}</strong></p>
          <p class="s quiet">
            {verdict.liability ? t('case.liability', { liability: t(`liability.${verdict.liability}`) }) : ''}
            {verdict.disposition ? ` · ${t('case.disposition', { disposition: t(`disposition.${verdict.disposition}`) })}` : ''}
          </p>
          {verdict.note ? <p class="s" dir="auto">{verdict.note}</p> : null}
          <p class="xs faint">{t('case.decided_by', { name: verdict.decided_by, when: dateAndTime(verdict.decided_at) })}</p>
        </>
      )}
    </section>
  );
}

export function ItemCard({ view }: { view: CaseView }) {
  return (
    <section class="panel" data-test="items">
      <h2>{t('case.items')}</h2>
      {view.items.map((item, i) => (
        <div key={i} class="item">
          <Picture src={item.listing.pictures[0] ?? null} alt={item.listing.title} />
          <div>
            <strong><bdi>{item.listing.title}</bdi></strong>
            <p class="s quiet num">{item.quantity} × {money(item.price, view.currency)} · {item.sku}</p>
            <dl class="properties">
              {Object.entries(item.listing.properties).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
            </dl>
          </div>
        </div>
      ))}
    </section>
  );
}
