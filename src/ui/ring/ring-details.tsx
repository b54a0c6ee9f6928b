// Under the drawing: what the node looked at is and owns; otherwise how to read the drawing.
import type { NodeId } from '../../protocol/ids.ts';
import { useView } from '../../store/use-view.ts';
import { SchedulerGlyph, ServerGlyph, WorkerGlyph } from '../common/glyphs.tsx';
import { formatCount, formatShort } from '../format.ts';
import { nodeColour, nodeName, rolesInWords } from '../node-style.ts';
import { holdingsInWords, nearInWords } from './holdings-words.ts';
import { type Holdings, NO_HOLDINGS } from './ring-geometry.ts';
import './ring-details.css';

interface RingDetailsProps {
  readonly node: NodeId | null;
  readonly holdings: ReadonlyMap<NodeId, Holdings>;
}

export function RingDetails({ node, holdings }: RingDetailsProps) {
  return (
    <div className="ring-details">
      {node === null ? <Legend /> : <Looked node={node} holdings={holdings.get(node) ?? NO_HOLDINGS} />}
    </div>
  );
}

function Legend() {
  return (
    <ul className="ring-legend">
      <li>
        <WorkerGlyph /> worker
      </li>
      <li>
        <ServerGlyph /> server
      </li>
      <li>
        <SchedulerGlyph /> scheduler
      </li>
      <li>
        <i className="legend-bead" /> segment
      </li>
      <li>
        <i className="legend-copy" /> copy
      </li>
      <li>
        <i className="legend-filling" /> filling
      </li>
      <li>
        <i className="legend-flow" /> traffic
      </li>
    </ul>
  );
}

function Looked({ node, holdings }: { readonly node: NodeId; readonly holdings: Holdings }) {
  const view = useView((state) => state.nodes.find(({ id }) => id === node));
  const hasRun = useView((state) => state.run !== null);
  const near = useView((state) => nearInWords(state.run?.near ?? [], node));
  if (view === undefined) return <Legend />;
  const facts = [
    view.isScheduler ? `${rolesInWords(view, hasRun)}, scheduler` : rolesInWords(view, hasRun),
    ...holdingsInWords(holdings),
    view.clock === null ? null : `clock ${formatCount(Math.max(0, view.clock))}`,
    view.samplesPerSecond > 0 ? `${formatShort(view.samplesPerSecond)} samples/s` : null,
    near,
  ].filter((fact) => fact !== null);
  return (
    <p>
      <span className="node-dot" style={{ background: nodeColour(node) }} />
      <b>
        {nodeName(node)}
        {view.isSelf ? ' (you)' : ''}
      </b>{' '}
      {facts.join(' · ')}
    </p>
  );
}
