// One node's row: it alone renders again when its node changes.
import type { NodeId } from '../../protocol/ids.ts';
import { useView } from '../../store/use-view.ts';
import type { NodeView, PeerView } from '../../store/view.ts';
import { deviceName } from '../common/device-words.ts';
import { SchedulerGlyph, ServerGlyph, WatchGlyph, WorkerGlyph } from '../common/glyphs.tsx';
import { formatBytes, formatCount, formatMilliseconds, formatShort, NOTHING } from '../format.ts';
import { nodeColour, nodeName, rolesInWords } from '../node-style.ts';
import { Refusals } from './refusals.tsx';
import { TimeBar } from './time-bar.tsx';

export function NodeRow({ id }: { readonly id: NodeId }) {
  const node = useView((state) => state.nodes.find((candidate) => candidate.id === id));
  if (node === undefined) return null;
  const { clock, staleness } = node;
  return (
    <tr data-self={node.isSelf}>
      <th scope="row" className="nodes-name">
        <Name node={node} />
      </th>
      <td data-label="Role">
        <span className="nodes-role">
          {node.isWorker && <WorkerGlyph size={12} />}
          {node.isServer && <ServerGlyph size={12} />}
          {!node.isWorker && !node.isServer && <WatchGlyph size={13} />}
          {rolesInWords(node, true)}
        </span>
      </td>
      <td data-label="Clock" className="number">
        {clock === null ? NOTHING : formatCount(Math.max(0, clock))}
        {node.isSlow && <span className="badge badge-warning">slow</span>}
      </td>
      <td data-label="Samples/s" className="number">
        {node.isWorker ? formatShort(node.samplesPerSecond) : NOTHING}
      </td>
      <td data-label="Time" className="nodes-time">
        {node.isWorker ? <TimeBar compute={node.compute} communicate={node.communicate} wait={node.wait} /> : NOTHING}
      </td>
      <td data-label="In" className="number">
        {formatBytes(node.bytesIn)}
      </td>
      <td data-label="Out" className="number">
        {formatBytes(node.bytesOut)}
      </td>
      <td data-label="Round trip" className="number">
        {formatMilliseconds(node.rttMs)}
      </td>
      <td data-label="Staleness" className="number">
        {staleness === null ? NOTHING : staleness.toFixed(2)}
      </td>
      <td data-label="Connection">
        <Peer peer={node.peer} />
        <Refusals refused={node.refused ?? {}} />
      </td>
    </tr>
  );
}

function Name({ node }: { readonly node: NodeView }) {
  return (
    <span className="nodes-who">
      <span className="node-dot" style={{ background: nodeColour(node.id) }} />
      <b>{nodeName(node.id)}</b>
      {node.isSelf && <span className="badge badge-self">you</span>}
      {node.isScheduler && (
        <span className="badge">
          <SchedulerGlyph size={10} /> scheduler
        </span>
      )}
      <span className="nodes-label">
        {node.label}
        {node.device !== undefined && ` · ${deviceName(node.device)}`}
        {node.helper !== undefined && ` · ${nodeName(node.helper)} helps`}
      </span>
    </span>
  );
}

function Peer({ peer }: { readonly peer: PeerView }) {
  switch (peer.phase) {
    case 'self':
      return <span className="muted">this tab</span>;
    case 'connecting':
      return <span className="peer peer-connecting">connecting…</span>;
    case 'connected':
      return <span className="peer peer-connected">connected</span>;
    case 'reconnecting':
    case 'unreachable':
      return (
        <span className={`peer peer-${peer.phase}`}>
          {peer.phase === 'reconnecting' ? 'reconnecting…' : 'unreachable'}
          <small>{peer.reason}</small>
        </span>
      );
    default:
      return peer satisfies never;
  }
}
