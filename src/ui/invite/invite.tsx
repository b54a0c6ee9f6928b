// How more tabs come in: the room's link, to copy or to scan. Stays at hand while training.
import { QRCodeSVG } from 'qrcode.react';
import { useView } from '../../store/use-view.ts';
import { Explain } from '../common/explain.tsx';
import { Panel } from '../common/panel.tsx';
import { plural } from '../format.ts';
import { CopyButton } from './copy-button.tsx';
import './invite.css';

export function Invite() {
  const link = useView((state) => state.roomLink);
  // A phone can't open "localhost": it gets an address of this machine, where there is one.
  const scanned = useView((state) => state.lanLinks[0] ?? state.roomLink);
  const tabs = useView((state) => state.nodes.length);
  return (
    <Panel
      title="Add tabs"
      className="invite"
      explain={
        <Explain question="What happens when I add a tab?">
          <p>
            It joins this room by itself and starts to work, also in the middle of training. The link holds the room’s
            secret: whoever has it can join.
          </p>
        </Explain>
      }
      aside={<span className="muted small">{tabs > 0 ? `${plural(tabs, 'tab')} here` : ''}</span>}
    >
      <div className="invite-body">
        <div className="invite-text">
          <p className="muted small">Open this link in more tabs, on another computer or on a phone.</p>
          <input
            className="input invite-link"
            readOnly
            aria-label="Room link"
            value={link ?? ''}
            placeholder="Opening a room…"
            onFocus={(event) => event.currentTarget.select()}
          />
          <div className="invite-buttons">
            <CopyButton text={link} />
            {link !== null && (
              <a className="button button-quiet" href={link} target="_blank" rel="noreferrer">
                Open a tab
              </a>
            )}
          </div>
        </div>
        <div className="invite-code">
          {scanned !== null && (
            <QRCodeSVG
              value={scanned}
              size={104}
              marginSize={0}
              level="L"
              title="QR code of the room link"
              role="img"
            />
          )}
        </div>
      </div>
      <OtherAddresses />
    </Panel>
  );
}

/** Addresses for other devices: only worth a line where the link itself works on this machine only. */
function OtherAddresses() {
  const links = useView((state) => state.lanLinks);
  if (links.length === 0) return null;
  return (
    <details className="invite-more">
      <summary>For other devices in this network</summary>
      <ul>
        {links.map((link) => (
          <li key={link}>
            <a href={link}>{link}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}
