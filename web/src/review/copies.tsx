/** Derived copies: films of the marked part with the clock or with regions covered, originals with credentials. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../base/api';
import { megabytes } from '../base/megabytes';
import type { Timeline } from '../base/protocol/timeline';
import { endedLogin, failureWords } from '../base/sign_in';
import { Button, Dialog, Icon, toast } from '../base/ui';
import { BoxField, WHOLE, type Box } from './box_field';
import type { MarkedPart } from './part_marks';
import { isUnderWay, progressWords } from './failed_words';
import { roleWords } from './picture_frame';
import type { ReplayPlayer } from './player';
import { t } from './text';
import { length, wallTime } from './time_words';

interface Copy {
  id: string;
  kind: 'burned_in' | 'redacted' | 'credentialed';
  part: { session_id: string; from_ms: number; to_ms: number };
  masks: readonly { lost_ms: number | null }[];
  state: 'waiting' | 'wanted' | 'ready' | 'failed';
  done_ms: number;
  total_ms: number | null;
  size: number | null;
  credentials: 'signed' | 'too_large' | 'not_made' | null;
  failure: string | null;
}

const ASK_EVERY_MS = 1_000;
const KINDS = ['burned_in', 'redacted', 'credentialed'] as const;

export function CopyDialog({ part, timeline, player, onClose }: { part: MarkedPart; timeline: Timeline; player: ReplayPlayer; onClose: () => void }) {
  const [kind, setKind] = useState<(typeof KINDS)[number]>('burned_in');
  const [boxes, setBoxes] = useState<ReadonlyMap<string, Box>>(new Map());
  const [silent, setSilent] = useState(false);
  const [reason, setReason] = useState('');
  const [recordingId, setRecordingId] = useState(timeline.recordings.find((one) => one.container === 'mp4')?.recording_id ?? '');
  const [busy, setBusy] = useState(false);
  const [copies, setCopies] = useState<readonly Copy[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const path = `/api/v1/cases/${encodeURIComponent(timeline.case.id)}/derived-copies`;
  const load = async (): Promise<void> => {
    if (timer.current !== null) clearTimeout(timer.current);
    try {
      const { items } = await get<{ items: Copy[] }>(path);
      setCopies(items.filter((one) => one.part.session_id === timeline.session_id));
      if (items.some(isUnderWay)) timer.current = setTimeout(() => void load(), ASK_EVERY_MS);
    } catch (error) {
      // A passing failure leaves what is shown.
      endedLogin(error);
    }
  };
  useEffect(() => {
    player.pause();
    player.seek(part.fromMs);
    void load();
    return () => { if (timer.current !== null) clearTimeout(timer.current); };
  }, []);
  const order = async (): Promise<void> => {
    setBusy(true);
    const redacted = kind === 'redacted' ? {
      masks: [...boxes].map(([id, box]) => ({ participant_id: id, from_ms: part.fromMs, to_ms: part.toMs, box })),
      mutes: silent ? [{ from_ms: part.fromMs, to_ms: part.toMs }] : [],
      reason: reason.trim(),
    } : {};
    const wanted = { session_id: timeline.session_id, from: new Date(part.fromMs).toISOString(), to: new Date(part.toMs).toISOString() };
    try {
      await post<Copy>(path, kind === 'credentialed' ? { recording_id: recordingId } : { part: wanted, ...redacted });
      await load();
    } catch (error) {
      if (!endedLogin(error)) toast(t('copy.failed', { reason: failureWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  const turn = (id: string, box: Box | null): void => {
    const next = new Map(boxes);
    if (box === null) next.delete(id);
    else next.set(id, box);
    setBoxes(next);
  };
  const lacking = kind === 'credentialed' ? recordingId === '' : kind === 'redacted' && ((boxes.size === 0 && !silent) || reason.trim().length < 3);
  return (
    <Dialog title={t('copy.title')} onClose={onClose} test="copy-dialog">
      <div class="stack">
        <p class="num">{t('part.moments', { from: wallTime(part.fromMs), to: wallTime(part.toMs), length: length(part.toMs - part.fromMs) })}</p>
        <fieldset class="stack">
          <legend>{t('copy.kind')}</legend>
          {KINDS.map((one) => (
            <label key={one} class="row">
              <input type="radio" name="copy-kind" checked={kind === one} data-test={`copy-${one}`} onChange={() => setKind(one)} />
              <span>{t(`copy.${one}`)}</span>
            </label>
          ))}
        </fieldset>
        <p class="s quiet">{t(`copy.about_${kind}`)}</p>
        {kind === 'credentialed' ? timeline.recordings.map((one) => (
          <label key={one.recording_id} class="row">
            <input type="radio" name="copy-recording" checked={recordingId === one.recording_id} disabled={one.container !== 'mp4'} data-test="copy-recording" onChange={() => setRecordingId(one.recording_id)} />
            <span>{`${roleWords(one.participant.role)} · ${one.participant.name}`} · <span class="num">{wallTime(one.start_ms)}</span>{one.container === 'mp4' ? null : <> · {t('copy.webm')}</>}</span>
          </label>
        )) : null}
        {kind === 'redacted' ? (
          <>
            {player.lanes.map((lane, number) => {
              const { participantId, role, name, parts } = lane.lane.value;
              if (parts.length === 0 || role === 'observer') return null;
              return <BoxField key={participantId} label={`${roleWords(role)} · ${name}`} lane={number} box={boxes.get(participantId) ?? null} whole={boxes.get(participantId) === WHOLE} onBox={(box) => turn(participantId, box)} />;
            })}
            <label class="row"><input type="checkbox" checked={silent} data-test="copy-silent" onChange={(event) => setSilent(event.currentTarget.checked)} /><span>{t('copy.silent')}</span></label>
            <label class="stack"><span>{t('copy.reason')}</span><input class="input" maxLength={500} value={reason} dir="auto" data-test="copy-reason" onInput={(event) => setReason(event.currentTarget.value)} /></label>
          </>
        ) : null}
        <Button variant="primary" icon="camera" busy={busy} disabled={lacking} test="make-copy" onClick={() => void order()}>{t('copy.make')}</Button>
        {copies.length > 0 ? <ul class="stack copies" data-test="copies">{copies.map((one) => <CopyRow key={one.id} one={one} />)}</ul> : null}
      </div>
    </Dialog>
  );
}

function CopyRow({ one }: { one: Copy }) {
  const lost = one.masks.find((mask) => mask.lost_ms !== null)?.lost_ms ?? null;
  const address = `/api/v1/derived-copies/${encodeURIComponent(one.id)}`;
  const percent = Math.round((100 * one.done_ms) / Math.max(one.total_ms ?? 0, 1));
  return (
    <li class="stack" data-test="copy-row" data-state={one.state}>
      <span>{t(`copy.${one.kind}`)} · <span class="num">{wallTime(one.part.from_ms)}</span></span>
      {one.state === 'ready' ? (
        <span class="row">
          <a class="button" href={`${address}/file`} download data-test="fetch-copy"><Icon name="shield" />{t('part.fetch', { size: megabytes(one.size) })}</a>
          <a class="button" href={`${address}/statement`} download data-test="fetch-statement">{t('copy.statement')}</a>
        </span>
      ) : <span class="s" role="status">{progressWords(one, percent, 'copy.not_made')}</span>}
      {one.state === 'ready' && one.credentials !== null ? <span class="s" data-test="copy-credentials">{t(`copy.credentials_${one.credentials}`)}</span> : null}
      {lost !== null ? <span class="s" data-test="copy-lost"><Icon name="warning" /> {t('copy.lost', { time: wallTime(lost) })}</span> : null}
    </li>
  );
}
