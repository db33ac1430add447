/** The receipt that the buyer takes away: a small file and a code to scan. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ApiError, get } from '../base/api';
import { dateAndTime } from '../base/time';
import { Card, Icon } from '../base/ui';
import { CodePicture } from './code_picture';
import { r } from './receipt_words';
import type { Visit } from './visit';

interface Receipt {
  state: 'sealed';
  session_id: string;
  number: number;
  sealed_at: string;
  root: string;
  receipt: string;
}

const ASK_EVERY_MS = 2_500;
/** Sealing takes seconds; whatever takes longer is there when the page is opened again. */
const ASK_FOR_MS = 120_000;

export function ReceiptPart({ visit }: { visit: Visit }) {
  const receipt = useSignal<Receipt | null>(null);
  const waits = useSignal(true);
  useEffect(() => {
    const beganMs = Date.now();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const ask = async (): Promise<void> => {
      try {
        const found = await get<Receipt | { state: 'none' | 'sealing' }>(`${visit.path}/receipt`);
        if (found.state === 'sealed') receipt.value = found;
        if (found.state !== 'sealing') return void (waits.value = false);
      } catch (error) {
        if (error instanceof ApiError && !error.passing) return void (waits.value = false);
      }
      if (Date.now() - beganMs < ASK_FOR_MS) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
      else waits.value = false;
    };
    void ask();
    return () => { if (timer !== null) clearTimeout(timer); };
  }, [visit]);
  const found = receipt.value;
  if (found) return <Shown receipt={found} />;
  return waits.value ? <p class="quiet s center" role="status" data-test="receipt-waits">{r('receipt.waits')}</p> : null;
}

function Shown({ receipt }: { receipt: Receipt }) {
  const file = useMemo(() => URL.createObjectURL(new Blob([`${receipt.receipt}\n`], { type: 'text/plain' })), [receipt]);
  useEffect(() => () => URL.revokeObjectURL(file), [file]);
  return (
    <Card class="stack receipt">
      <h2>{r('receipt.title')}</h2>
      <p class="s">{r('receipt.words')}</p>
      <CodePicture text={receipt.receipt} label={r('receipt.code')} test="receipt-code" />
      <p class="xs quiet" data-test="receipt-root" data-root={receipt.root}>{r('receipt.sealed', { date: dateAndTime(receipt.sealed_at) })} <span class="mono" dir="ltr">{receipt.root.slice(0, 16)}…</span></p>
      <a class="button wide" href={file} download={`proofcall-receipt-${receipt.session_id}.txt`} data-test="receipt-file"><Icon name="shield" />{r('receipt.keep')}</a>
    </Card>
  );
}
