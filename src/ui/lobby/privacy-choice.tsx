// Whether data may travel to the tabs that help, or stay in each tab; in the second case who has what, and what is next.
import { useCommands, useView } from '../../store/use-view.ts';
import { nextInPrivate } from '../common/privacy-words.ts';
import { formatCount, plural } from '../format.ts';

export function PrivacyChoice() {
  const commands = useCommands();
  const isPrivate = useView((state) => state.privacy.isPrivate);
  const next = useView(nextInPrivate);
  return (
    <div className="privacy">
      <label className="privacy-check">
        <input type="checkbox" checked={isPrivate} onChange={(event) => commands.setPrivate(event.target.checked)} />
        Data stay in each tab
      </label>
      <p className="muted small">
        {isPrivate
          ? 'For the whole room: each tab trains on its own files. Gradients leave it, and names of columns and classes, shapes, means and spreads of columns. No sample does.'
          : 'Unticked, your files travel to the other tabs of this room, which train on a part of them each.'}
      </p>
      {isPrivate && <Tabs />}
      {next !== null && <p className="privacy-next small">{next}</p>}
    </div>
  );
}

function Tabs() {
  const words = useView(({ nodes, privacy }) =>
    nodes
      .map(({ id, isSelf }) => {
        const own = privacy.tabs.find(({ node }) => node === id);
        const what = own === undefined ? 'no files yet' : plural(own.samples, 'sample');
        return `node ${id}${isSelf ? ' (this tab)' : ''}: ${what}`;
      })
      .join(' · '),
  );
  const all = useView(({ privacy }) => privacy.tabs.reduce((sum, { samples }) => sum + samples, 0));
  return (
    <p className="small" role="status" aria-label="Data of each tab">
      {words} — {formatCount(all)} in all
    </p>
  );
}
