/** What can be said for the recording: sealed or not, complete or not, gaps admitted. */
import type { EventOf } from '../base/protocol/session';
import type { Timeline } from '../base/protocol/timeline';
import { Button, Icon, toast, type Tone } from '../base/ui';
import { causeWords, type Names } from './describe';
import { gapsAdmitted, sealOf, witnessedAt } from './entries';
import { t } from './text';
import { length, wallDate, wallSeconds } from './time_words';

export function proofWords(timeline: Timeline, seal: EventOf<'sealed'> | null, gaps: { count: number; totalMs: number }): { tone: Tone; words: string } {
  if (timeline.recordings.length === 0) return { tone: 'plain', words: t('proof.none') };
  if (timeline.state !== 'ended') return { tone: 'live', words: t('proof.live') };
  if (!timeline.complete) return { tone: 'warn', words: t('proof.arriving') };
  if (seal === null) return { tone: 'note', words: t('proof.open') };
  if (gaps.count === 0) return { tone: 'proof', words: t('proof.sealed') };
  return { tone: 'proof', words: t('proof.sealed_gaps', { count: gaps.count, length: length(gaps.totalMs) }) };
}

/** `9b1e 44d0 7c2f …` in groups that can be compared by eye. */
export function grouped(hex: string): string {
  return hex.match(/.{1,4}/g)?.join(' ') ?? hex;
}

export function ProofCard({ timeline, names, onSeek }: { timeline: Timeline; names: Names; onSeek: (wallMs: number) => void }) {
  const seal = sealOf(timeline.events);
  const gaps = gapsAdmitted(timeline.gaps);
  const witnessed = witnessedAt(timeline.events);
  const { tone, words } = proofWords(timeline, seal, gaps);
  return (
    <section class="panel" data-test="proof">
      <h2>{t('proof.title')}</h2>
      <p class={`proof-state ${tone}`} data-test="proof-state"><Icon name={tone === 'proof' ? 'shield' : tone === 'plain' ? 'video' : 'clock'} /><strong>{words}</strong></p>
      <p class="s">{explanation(timeline, seal)}</p>
      {witnessed === null ? null : <p class="s" data-test="proof-witnessed">{t('proof.witnessed', { time: utc(Date.parse(witnessed)) })}</p>}
      {seal ? (
        <div class="root">
          <h3>{t('proof.root')}</h3>
          <p class="mono xs" data-test="proof-root" data-root={seal.payload.root}>{grouped(seal.payload.root)}</p>
          <Button size="small" icon="copy" onClick={() => void copy(seal.payload.root)}>{t('proof.copy_root')}</Button>
        </div>
      ) : null}
      {timeline.recordings.length > 0 ? (
        <div>
          <h3>{t('proof.recordings')}</h3>
          <ul class="plain-list">
            {timeline.recordings.map((recording) => (
              <li key={recording.recording_id}>
                <span>{t('proof.recording', { name: recording.participant.name, part: recording.part })}</span>
                <span class="faint xs num">{length(recording.duration_ms)} · {t('proof.fragments', { count: recording.fragments })} · {recording.width}×{recording.height}</span>
                {recording.root ? <span class="mono xs faint cut-off" title={recording.root}>{t('proof.recording_root')} {grouped(recording.root)}</span> : null}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <div>
        <h3>{t('proof.gaps')}</h3>
        {timeline.gaps.length === 0 ? <p class="s">{t('proof.no_gaps')}</p> : (
          <ul class="plain-list">
            {timeline.gaps.map((gap, i) => (
              <li key={i}>
                <button type="button" class="jump" onClick={() => onSeek(gap.from_ms - 1000)}>
                  <time class="num">{wallSeconds(gap.from_ms)}</time> {t('lane.gap', { name: names.get(gap.participant_id) ?? '', length: length(gap.to_ms - gap.from_ms), cause: causeWords(gap.cause) })}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function explanation(timeline: Timeline, seal: EventOf<'sealed'> | null): string {
  if (timeline.state !== 'ended') return t('proof.live_words');
  if (!timeline.complete) return t('proof.arriving_words');
  if (seal === null) return timeline.recordings.length === 0 ? t('review.no_recording_hint') : t('proof.open_words');
  return t('proof.sealed_at', { time: utc(Date.parse(seal.at)) });
}

function utc(ms: number): string {
  return `${wallDate(ms)} ${wallSeconds(ms)} UTC`;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('proof.root_copied'));
  } catch {
    toast(text);
  }
}
