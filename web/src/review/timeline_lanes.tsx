/** The lanes of the timeline: what was recorded and photographed of a person, and marks. */
import { memo } from './memo';
import { Icon } from '../base/ui';
import { causeWords, describe, iconOf, type Names } from './describe';
import type { Entry, Still } from './entries';
import { beginOf, endOf, type Lane } from './sync';
import { t } from './text';
import { barOf, clustered, xOf, type View } from './timeline_layout';
import { length, wallTime } from './time_words';

interface Place {
  view: View;
  width: number;
}

export const PeopleLane = memo(({ lane, stills, view, width }: Place & { lane: Lane; stills: readonly Still[] }) => (
  <div class="lane" data-test={`lane-${lane.role}`}>
    {lane.parts.map((part) => {
      const bar = barOf(view, width, beginOf(part), endOf(part), 2);
      return bar ? <i key={part.recordingId} class="bar-part" style={{ left: `${bar.x}px`, width: `${bar.width}px` }} /> : null;
    })}
    {lane.gaps.map((gap) => {
      const bar = barOf(view, width, gap.fromMs, gap.toMs, 3);
      const words = t('lane.gap', { name: lane.name, length: length(gap.toMs - gap.fromMs), cause: causeWords(gap.cause) });
      return bar ? (
        <i key={`${gap.fromMs}-${gap.cause}`} class={gap.cause === 'packet_loss' ? 'bar-gap loss' : 'bar-gap'} title={words} style={{ left: `${bar.x}px`, width: `${bar.width}px` }} />
      ) : null;
    })}
    {stills.map((still) => <i key={still.stillId} class="bar-still" data-test={`lane-still-${still.stillId}`} style={{ left: `${xOf(view, width, still.wallMs)}px` }} />)}
  </div>
));

export const MarkLane = memo(({ entries, names, view, width, onJump, onStill, small }: Place & {
  entries: readonly Entry[];
  names: Names;
  onJump: (marks: readonly Entry[]) => void;
  onStill: (stillId: string) => void;
  small?: boolean;
}) => (
  <div class={small ? 'lane marks small' : 'lane marks'}>
    {clustered(entries, view, width, small ? 16 : 22).map((cluster) => {
      const first = cluster.marks[0];
      if (first === undefined) return null;
      const words = `${wallTime(first.wallMs)} UTC · ${describe(first.event, names)}${cluster.marks.length > 1 ? ` (${t('log.more', { count: cluster.marks.length })})` : ''}`;
      return (
        <button
          key={first.seq} type="button" tabIndex={-1} class={`mark ${first.group} ${first.event.kind}`} style={{ left: `${cluster.x}px` }}
          aria-label={words} title={words} data-test={`timeline-event-${first.seq}`} data-wall-ms={Math.round(first.wallMs)} data-count={cluster.marks.length > 1 ? cluster.marks.length : undefined} data-seqs={cluster.marks.map((mark) => mark.seq).join(' ')}
          onClick={() => onJump(cluster.marks)}
          onDblClick={() => { if (first.still) onStill(first.still.stillId); }}
        >
          {small ? null : <Icon name={iconOf(first)} />}
        </button>
      );
    })}
  </div>
));
