/** Copying a text, and saying whether it worked. */
import { toast } from '../base/ui';
import { t } from './text';

/** Where copying is refused, the element's text is selected so that it can be copied by hand. */
export async function copyText(text: string, done: string, element: HTMLInputElement | HTMLTextAreaElement | null): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    element?.focus();
    element?.select();
    toast(t('invite.copy_failed'));
  }
}
