// What this tab does in the cluster: chosen by the scheduler, or by its user.
import { useCommands, useView } from '../../store/use-view.ts';
import type { RoleChoice } from '../../store/view.ts';

const ROLES: readonly { value: RoleChoice; label: string }[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'worker', label: 'Worker' },
  { value: 'server', label: 'Server' },
  { value: 'both', label: 'Worker and server' },
  { value: 'watch', label: 'Watch only' },
];

export function RoleSelect() {
  const commands = useCommands();
  const role = useView((state) => state.role);
  return (
    <label className="role-select">
      <span>Role</span>
      <select
        className="input"
        aria-label="Role of this tab"
        value={role}
        onChange={(event) => {
          const chosen = ROLES.find(({ value }) => value === event.target.value);
          if (chosen) commands.setRole(chosen.value);
        }}
      >
        {ROLES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
