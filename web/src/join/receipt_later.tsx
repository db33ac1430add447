/** The place of the receipt after the call: what shows it is fetched once the page stands. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Visit } from './visit';

export function ReceiptLater({ visit }: { visit: Visit }) {
  const part = useSignal<typeof import('./receipt_part') | null>(null);
  useEffect(() => {
    let wanted = true;
    const load = (): void => {
      import('./receipt_part').then(
        (loaded) => { if (wanted) part.value = loaded; },
        () => { if (wanted) setTimeout(load, 4_000); },
      );
    };
    load();
    return () => { wanted = false; };
  }, []);
  const loaded = part.value;
  return loaded ? <loaded.ReceiptPart visit={visit} /> : null;
}
