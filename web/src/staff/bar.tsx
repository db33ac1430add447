/** Who is signed in, and the way out; a line when there is no connection. */
import { signal } from '@preact/signals';
import { signOut, staff, StaffLanguage } from '../base/sign_in';
import { Button, Icon } from '../base/ui';
import { ts } from './text';

export const online = signal(navigator.onLine);
addEventListener('online', () => { online.value = true; });
addEventListener('offline', () => { online.value = false; });

/** `onSignOut` is told before: what this browser kept for the person can be forgotten. */
export function StaffMenu({ onSignOut }: { onSignOut?: () => void }) {
  const person = staff.value;
  if (!person) return null;
  return (
    <div class="staff-menu row">
      <span class="s quiet" title={ts('staff.signed_in_as', { name: person.name })}>{person.name}</span>
      <StaffLanguage />
      <Button size="small" variant="plain" icon="signOut" onClick={() => { onSignOut?.(); void signOut(); }} test="sign-out"><span class="wide-only">{ts('base.sign_out')}</span></Button>
    </div>
  );
}

export function OfflineLine() {
  if (online.value) return null;
  return <p class="offline-line" role="status" data-test="offline"><Icon name="offline" />{ts('staff.offline')}</p>;
}
