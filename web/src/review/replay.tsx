/** One inspection on the reviewer's desk: pictures, time, log, proof. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { Timeline } from '../base/protocol/timeline';
import { staff } from '../base/sign_in';
import { Button, Chip, toast } from '../base/ui';
import { ShareDialog } from '../evidence/share_dialog';
import { OfflineLine } from '../staff/bar';
import { CasePanel } from './case_panel';
import { CopyDialog } from './copies';
import { entriesOf, gapsAdmitted, sealOf, stillsOf, type Entry } from './entries';
import { EventList } from './event_list';
import { BackLink } from './inspection';
import { KeyHelp, useKeys } from './keys';
import { firstPictureMs, lanesOf, leadOf, spanOf } from './lanes';
import { PartDialog, PartTools } from './part';
import { NO_MARKS, partOf, withIn, withOut, type PartMarks } from './part_marks';
import { PictureFrame } from './picture_frame';
import { ReplayPlayer } from './player';
import { proofWords } from './proof';
import { reportReplay } from './replay_report';
import { addressOf, go } from './route';
import { StillDialog, StillStrip } from './stills';
import { t } from './text';
import { length, wallDate, wallTime } from './time_words';
import { TimelineBar } from './timeline';
import { Transport } from './transport';

function usePlayer(timeline: Timeline, beginMs: number | null): ReplayPlayer {
  const player = useRef<ReplayPlayer | null>(null);
  const lanes = lanesOf(timeline);
  const span = spanOf(timeline);
  // Somebody who joins while the page is open needs a player with one lane more.
  const people = lanes.map((lane) => lane.participantId).join();
  const made = useMemo(() => {
    const at = player.current?.wallMs.peek() ?? beginMs ?? firstPictureMs(timeline);
    player.current?.close();
    player.current = new ReplayPlayer(lanes, span.startMs, span.endMs, leadOf(lanes, timeline.case.direction), at);
    return player.current;
  }, [people, span.startMs]);
  useEffect(() => made.update(lanes, span.endMs), [timeline]);
  useEffect(() => () => made.close(), [made]);
  return made;
}

export function Replay({ timeline, beginMs }: { timeline: Timeline; beginMs: number | null }) {
  const player = usePlayer(timeline, beginMs);
  useEffect(() => reportReplay(player, `/api/v1/sessions/${encodeURIComponent(timeline.session_id)}/replays`), [player, timeline.session_id]);
  const stills = useMemo(() => stillsOf(timeline), [timeline]);
  const entries = useMemo(() => entriesOf(timeline, stills), [timeline, stills]);
  const names = useMemo(() => new Map(player.lanes.map((lane) => [lane.lane.peek().participantId, lane.lane.peek().name])), [player]);
  const [stillId, setStillId] = useState<string | null>(null);
  const [tab, setTab] = useState<'log' | 'case'>('log');
  const [large, setLarge] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const marks = useSignal<PartMarks>(NO_MARKS);
  const [handing, setHanding] = useState(false);
  const [sharing, setSharing] = useState(false);
  const [copying, setCopying] = useState(false);
  const jump = (entry: Entry): void => player.seek(entry.wallMs);
  const enlarge = (participantId: string | null): void => {
    setLarge(participantId);
    if (participantId !== null) player.leadId.value = participantId;
  };
  useKeys(player, entries, {
    onHelp: () => setHelp(true),
    onEnlarge: () => enlarge(large === null ? player.leadId.value : null),
    onMarkIn: () => { marks.value = withIn(marks.value, player.frameWallMs.peek()); },
    onMarkOut: () => { marks.value = withOut(marks.value, player.frameWallMs.peek()); },
  });
  const part = partOf(marks.value);
  const item = timeline.case.items[0];
  useEffect(() => {
    document.title = `#${timeline.case.order_number} · ${t('review.title')}`;
  }, [timeline.case.order_number]);
  const recorded = timeline.recordings.length > 0;
  // A warehouse looks at evidence; only its seller passes it on.
  const mayShare = staff.value?.organisation.kind === 'tenant' && staff.value.roles.some((role) => role !== 'inspector');
  const openStill = stills.find((still) => still.stillId === stillId);
  return (
    <div class="replay" data-test="replay" data-complete={timeline.complete}>
      <header class="bar row between">
        <div class="row replay-title">
          <BackLink />
          <h1><span class="num">#{timeline.case.order_number}</span>{item ? <> · <bdi>{item.listing.title}</bdi></> : null}</h1>
          <span class="chip replay-when">{t('review.inspected', { when: whenWords(timeline) })}</span>
          <ProofChip timeline={timeline} onOpen={() => setTab('case')} />
        </div>
        <div class="row">
          <SessionPick timeline={timeline} />
          {recorded && timeline.state === 'ended' && mayShare ? (
            <Button size="small" icon="user" onClick={() => setSharing(true)} test="share"><span class="wide-only">{t('review.share')}</span></Button>
          ) : null}
          <Button size="small" icon="link" onClick={() => void copyMoment(timeline.session_id, player.frameWallMs.value)} test="copy-moment">
            <span class="wide-only">{t('review.copy_link')}</span>
          </Button>
        </div>
      </header>
      <OfflineLine />
      <div class="replay-middle">
        <main class="views">
          {recorded ? (
            <div class={large === null ? 'frames' : 'frames one-large'} style={large === null ? { gridTemplateColumns: columnsOf(player) } : undefined}>
              {player.lanes.map((lane) => (
                <PictureFrame
                  key={lane.lane.peek().participantId} lane={lane} player={player}
                  large={large === lane.lane.peek().participantId} onEnlarge={enlarge}
                />
              ))}
            </div>
          ) : <NothingRecorded timeline={timeline} />}
          {stills.length > 0 ? <StillStrip stills={stills} player={player} onOpen={setStillId} /> : null}
        </main>
        <aside class="side">
          <div class="tabs" role="tablist">
            {(['log', 'case'] as const).map((one) => (
              <button
                key={one} type="button" role="tab" id={`tab-${one}`} aria-selected={tab === one} aria-controls="side-panel"
                tabIndex={tab === one ? 0 : -1} data-test={`tab-${one}`} onClick={() => setTab(one)}
                onKeyDown={(event) => {
                  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
                  event.stopPropagation();
                  const other = one === 'log' ? 'case' : 'log';
                  setTab(other);
                  document.getElementById(`tab-${other}`)?.focus();
                }}
              >
                {t(`${one}.tab`)}
              </button>
            ))}
          </div>
          <div class="side-panel" role="tabpanel" id="side-panel" aria-labelledby={`tab-${tab}`}>
            {tab === 'log'
              ? <EventList entries={entries} names={names} player={player} onJump={jump} onStill={setStillId} />
              : <CasePanel timeline={timeline} entries={entries} names={names} onJump={jump} />}
          </div>
        </aside>
      </div>
      <footer class="line">
        <Transport player={player} disabled={!recorded} onHelp={() => setHelp(true)} />
        <PartTools marks={marks} player={player} disabled={!recorded} onHandOver={() => setHanding(true)} onCopy={() => setCopying(true)} />
        <TimelineBar player={player} entries={entries} names={names} marks={marks} onStill={setStillId} />
      </footer>
      {openStill ? <StillDialog still={openStill} stills={stills} names={names} player={player} onPick={setStillId} /> : null}
      {handing && part ? <PartDialog part={part} timeline={timeline} names={names} onClose={() => setHanding(false)} /> : null}
      {sharing ? <ShareDialog sessionId={timeline.session_id} part={part} onClose={() => setSharing(false)} /> : null}
      {copying && part ? <CopyDialog part={part} timeline={timeline} player={player} onClose={() => setCopying(false)} /> : null}
      {help ? <KeyHelp onClose={() => setHelp(false)} /> : null}
    </div>
  );
}

/** An upright picture needs less width than a lying one. */
function columnsOf(player: ReplayPlayer): string {
  return player.lanes.map((lane) => `minmax(0, ${Math.min(1.6, Math.max(0.75, lane.lane.value.aspect)).toFixed(2)}fr)`).join(' ');
}

function whenWords(timeline: Timeline): string {
  const { startMs, endMs } = spanOf(timeline);
  return `${wallDate(startMs)}, ${wallTime(startMs).slice(0, 5)}–${wallTime(endMs).slice(0, 5)} UTC`;
}

function ProofChip({ timeline, onOpen }: { timeline: Timeline; onOpen: () => void }) {
  const { tone, words } = proofWords(timeline, sealOf(timeline.events), gapsAdmitted(timeline.gaps));
  return (
    <button type="button" class="proof-chip" onClick={onOpen} aria-label={`${t('proof.title')}: ${words}`}>
      <Chip tone={tone} dot test="proof-chip">{words}</Chip>
    </button>
  );
}

/** A case can have been inspected more than once. */
function SessionPick({ timeline }: { timeline: Timeline }) {
  const sessions = timeline.case.sessions;
  if (sessions.length < 2) return null;
  return (
    <select
      class="input select session-pick" aria-label={t('review.session')} value={timeline.session_id} data-test="session-pick"
      onChange={(event) => go({ sessionId: event.currentTarget.value })}
    >
      {sessions.map((session) => {
        const beginMs = Date.parse(session.live_at ?? session.created_at);
        const words = t('review.session_of', { when: `${wallDate(beginMs)} ${wallTime(beginMs).slice(0, 5)}`, length: length((session.duration_s ?? 0) * 1000) });
        return <option key={session.id} value={session.id} selected={session.id === timeline.session_id}>{words}</option>;
      })}
    </select>
  );
}

function NothingRecorded({ timeline }: { timeline: Timeline }) {
  const open = !timeline.complete;
  return (
    <div class="stage-note" data-test="no-recording">
      <h2>{t(open ? 'review.not_yet' : 'review.no_recording')}</h2>
      <p>{t(open ? 'review.not_yet_hint' : 'review.no_recording_hint')}</p>
    </div>
  );
}

async function copyMoment(sessionId: string, wallMs: number): Promise<void> {
  const address = addressOf({ sessionId, atMs: wallMs });
  try {
    await navigator.clipboard.writeText(new URL(address, location.href).href);
    toast(t('review.copied'));
  } catch {
    history.replaceState(null, '', address);
    toast(t('review.copy_failed'));
  }
}
