/** What somebody may work as: one choice or several. */
import type { StaffRole } from '../../base/protocol/words';
import { ROLES } from './kinds';
import { tq } from './text';

export function RolePicks({ roles, onPick, error }: { roles: readonly StaffRole[]; onPick: (roles: StaffRole[]) => void; error?: string | null }) {
  return (
    <fieldset class="field" style={{ border: 0, padding: 0 }}>
      <legend class="s">{tq('people.roles')}</legend>
      <div class="role-picks">
        {ROLES.map((role) => (
          <label key={role} class="choice">
            <input type="checkbox" checked={roles.includes(role)} data-test={`role-${role}`} onChange={(event) => onPick(event.currentTarget.checked ? [...roles, role] : roles.filter((one) => one !== role))} />
            <span><span>{tq(`people.role.${role}`)}</span><span class="xs quiet">{tq(`people.role_hint.${role}`)}</span></span>
          </label>
        ))}
      </div>
      {error ? <span class="wrong" role="alert">{error}</span> : null}
    </fieldset>
  );
}
