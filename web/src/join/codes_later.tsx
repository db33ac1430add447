/** The places of the receipt, the label's code and the buyer's data: what shows them is fetched once the page stands. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Visit } from './visit';

function useLater<Part>(load: () => Promise<Part>): Part | null {
  const part = useSignal<Part | null>(null);
  useEffect(() => {
    let wanted = true;
    const ask = (): void => {
      load().then(
        (loaded) => { if (wanted) part.value = loaded; },
        () => { if (wanted) setTimeout(ask, 4_000); },
      );
    };
    ask();
    return () => { wanted = false; };
  }, []);
  return part.value;
}

export function ReceiptLater({ visit }: { visit: Visit }) {
  const loaded = useLater(() => import('./receipt_part'));
  return loaded ? <loaded.ReceiptPart visit={visit} /> : null;
}

export function LabelCodeLater({ number, url }: { number: string | null; url: string | null }) {
  const loaded = useLater(() => import('./label_code'));
  return loaded ? <loaded.LabelCode number={number} url={url} /> : null;
}

export function OwnDataLater({ visit }: { visit: Visit }) {
  const loaded = useLater(() => import('./own_data_part'));
  return loaded ? <loaded.OwnDataPart visit={visit} /> : null;
}
