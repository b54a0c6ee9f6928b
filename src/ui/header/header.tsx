// The top of the page: what this is, how this tab is connected, what it does here, and the way out.
import { useCommands, useView } from '../../store/use-view.ts';
import { BrandMark } from '../common/brand.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { RoleSelect } from './role-select.tsx';
import { ThemeButton } from './theme-button.tsx';
import './header.css';

export function Header({ onLeave }: { onLeave(): void }) {
  const commands = useCommands();
  const isIn = useView(({ connection }) => connection.phase === 'joined' || connection.phase === 'reconnecting');
  return (
    <header className="header">
      <p className="brand">
        <BrandMark />
        <b>Pushpull</b>
        <span className="brand-line">one model, trained across many tabs</span>
      </p>
      <div className="header-controls">
        <ConnectionBadge />
        <RoleSelect />
        <ThemeButton />
        <button
          type="button"
          className="button header-leave"
          disabled={!isIn}
          onClick={() => {
            commands.leave();
            onLeave();
          }}
        >
          Leave
        </button>
      </div>
    </header>
  );
}
