/** The stills: a strip under the pictures, and one still with the line that proves it. */
import { useState } from 'preact/hooks';
import { Button, Dialog, Icon } from '../base/ui';
import type { Names } from './describe';
import type { Still } from './entries';
import type { ReplayPlayer } from './player';
import { t } from './text';
import { recordingTime, wallDate, wallSeconds, wallTime } from './time_words';

/** The evidence where it exists; until then what the host's browser showed. */
function sourceOf(still: Still): string | null {
  return still.proof === null ? (still.preview ?? still.image) : (still.image ?? still.preview);
}

export function StillStrip({ stills, player, onOpen }: { stills: readonly Still[]; player: ReplayPlayer; onOpen: (stillId: string) => void }) {
  return (
    <ul class="strip" aria-label={t('still.strip')} data-test="still-strip">
      {stills.map((still) => (
        <li key={still.stillId}>
          <button
            type="button" aria-label={t('still.open', { time: `${wallSeconds(still.wallMs)} UTC` })} data-test={`still-${still.stillId}`}
            onClick={() => { player.seek(still.wallMs); onOpen(still.stillId); }}
          >
            <Thumb still={still} />
            <span class="num">{wallSeconds(still.wallMs)}</span>
            {still.proof === null ? <Icon name={still.failed === null ? 'clock' : 'warning'} /> : <Icon name="shield" />}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The small preview does for a thumbnail; a still without any picture keeps its place. */
export function Thumb({ still }: { still: Still }) {
  const source = still.preview ?? still.image;
  return source === null ? <Icon name="camera" /> : <img src={source} alt="" loading="lazy" decoding="async" />;
}

interface DialogProps {
  still: Still;
  stills: readonly Still[];
  names: Names;
  player: ReplayPlayer;
  onPick: (stillId: string | null) => void;
}

export function StillDialog({ still, stills, names, player, onPick }: DialogProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const name = names.get(still.participantId) ?? '';
  const index = stills.findIndex((one) => one.stillId === still.stillId);
  const time = `${wallDate(still.wallMs)} ${wallTime(still.wallMs)} UTC`;
  const source = sourceOf(still);
  const move = (step: 1 | -1): void => {
    const next = stills[index + step];
    if (next) onPick(next.stillId);
  };
  return (
    <Dialog title={t('still.open', { time })} onClose={() => onPick(null)} test="still-dialog">
      <div
        class="still-view"
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight') move(1);
          if (event.key === 'ArrowLeft') move(-1);
        }}
      >
        {source === null || broken === source
          ? <p class="quiet">{t('still.not_loaded')}</p>
          : <img key={source} src={source} alt={t('still.image', { name, time })} onError={() => setBroken(source)} data-test="still-image" />}
        <ProofLine still={still} name={name} />
        <div class="row wrap between">
          <div class="row">
            <Button icon="back" size="small" disabled={index <= 0} aria-label={t('still.before')} onClick={() => move(-1)} />
            <Button icon="forward" size="small" disabled={index >= stills.length - 1} aria-label={t('still.next')} onClick={() => move(1)} />
          </div>
          <Button variant="primary" test="still-moment" onClick={() => { player.seek(still.wallMs); onPick(null); }}>{t('still.show_moment')}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function ProofLine({ still, name }: { still: Still; name: string }) {
  const { proof } = still;
  if (proof === null) {
    const words = still.failed === null ? t('still.wanted') : t('still.failed', { reason: t(still.failed === 'not_recorded' ? 'still.reason_not_recorded' : 'still.reason_other') });
    return <p class="proof-line wanted" data-test="still-proof"><Icon name={still.failed === null ? 'clock' : 'warning'} />{words}</p>;
  }
  return (
    <div class="proof-line" data-test="still-proof">
      <Icon name="shield" />
      <div>
        <p>{t('still.cut', { name, time: recordingTime(proof.recordingMs) })} {t('still.size', { width: String(proof.width), height: String(proof.height) })}</p>
        <p class="mono xs" data-test="still-sha256">SHA-256 {proof.sha256}</p>
      </div>
    </div>
  );
}
