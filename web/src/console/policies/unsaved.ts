/** Whether there are changes that leaving would lose. */
import { signal } from '@preact/signals';

export const unsaved = signal(false);
addEventListener('beforeunload', (event) => {
  if (unsaved.peek()) event.preventDefault();
});
