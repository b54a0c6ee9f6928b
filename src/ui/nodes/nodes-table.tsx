// Who is in the cluster and what each does, as a table; on a phone every row becomes a card.
import type { NodeId } from '../../protocol/ids.ts';
import { useViewFields } from '../../store/use-view.ts';
import { Explain } from '../common/explain.tsx';
import { Panel } from '../common/panel.tsx';
import { plural } from '../format.ts';
import { NodeRow } from './node-row.tsx';
import { TimeLegend } from './time-bar.tsx';
import './nodes.css';

const byAge = (a: NodeId, b: NodeId) => a - b;

export function NodesTable() {
  const ids = useViewFields((state) => state.nodes.map(({ id }) => id).sort(byAge));
  return (
    <Panel
      title="Nodes"
      className="nodes"
      explain={
        <Explain question="What is a node?">
          <p>
            A node is one tab in this room. A <b>worker</b> computes gradients, a <b>server</b> holds a part of the
            parameters; most tabs are both. One of them, the <b>scheduler</b>, hands out work and keeps the map.
          </p>
          <p>
            <b>Clock</b>: iterations a worker has finished. <b>Staleness</b>: how many clocks the parameters had moved
            on when its gradient was applied.
          </p>
        </Explain>
      }
      aside={<TimeLegend />}
    >
      <table className="nodes-table" aria-label="Nodes">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Role</th>
            <th scope="col">Clock</th>
            <th scope="col">Samples/s</th>
            <th scope="col">Time</th>
            <th scope="col">In</th>
            <th scope="col">Out</th>
            <th scope="col">Round trip</th>
            <th scope="col">Staleness</th>
            <th scope="col">Connection</th>
          </tr>
        </thead>
        <tbody>
          {ids.map((id) => (
            <NodeRow key={id} id={id} />
          ))}
        </tbody>
      </table>
      {ids.length === 0 && <p className="muted small nodes-empty">{plural(0, 'tab')} yet: this one is joining.</p>}
    </Panel>
  );
}
