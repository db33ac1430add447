/** The words on recording that are valid now, and the touch that opens them. */
import { useSignal } from '@preact/signals';
import type { ConsentWords } from '../base/protocol/joining';
import { locale } from '../base/text';
import { Dialog } from '../base/ui';
import { t } from './text';

/** A link in a line of text; the full words open in the language that is shown. */
export function ConsentLink({ consent }: { consent: ConsentWords }) {
  const reading = useSignal(false);
  const text = consent.text[locale.value] ?? consent.text['en'] ?? '';
  return (
    <>
      <button type="button" class="link" data-test="what-we-keep" onClick={() => (reading.value = true)}>{t('call.what_we_keep')}</button>
      {reading.value ? (
        <Dialog title={t('call.consent_title')} onClose={() => (reading.value = false)} sheet test="consent">
          {text.split(/\n+/).map((paragraph) => <p key={paragraph}>{paragraph}</p>)}
        </Dialog>
      ) : null}
    </>
  );
}
