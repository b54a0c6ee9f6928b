// The top of the page: what this is, how this tab is connected, what it does here, and the ways out.
import { BrandMark } from '../common/brand.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { LeaveButtons } from './leave-buttons.tsx';
import { RoleSelect } from './role-select.tsx';
import { ThemeButton } from './theme-button.tsx';
import './header.css';

export function Header() {
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
        <LeaveButtons />
      </div>
    </header>
  );
}
