// What the cluster drawing needs of the view state, kept the same object while it means the same, so that React rests.
import { useRef } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import { useView } from '../../store/use-view.ts';
import type { FlowView, NodeView, RingView } from '../../store/view.ts';
import type { DrawnFlow } from './ring-flows.tsx';
import { flowCurve, flowWidth, type Point } from './ring-geometry.ts';
import type { DrawnNode } from './ring-node.tsx';

/** Returns the last value as long as `signature` is the same. */
function useKept<Value>(signature: string, make: () => Value): Value {
  const kept = useRef<{ signature: string; value: Value } | null>(null);
  if (kept.current?.signature !== signature) kept.current = { signature, value: make() };
  return kept.current.value;
}

const signNodes = (nodes: readonly NodeView[]): string =>
  nodes.map((n) => `${n.id}${n.isSelf}${n.isScheduler}${n.isWorker}${n.isServer}${n.isSlow}${n.peer.phase}`).join(' ');

const drawNode = (node: NodeView): DrawnNode => ({
  id: node.id,
  isSelf: node.isSelf,
  isScheduler: node.isScheduler,
  isWorker: node.isWorker,
  isServer: node.isServer,
  isSlow: node.isSlow,
  peer: node.peer.phase,
});

/** Nodes by id, which is by age: every tab sees them in the same places. */
export function useDrawnNodes(): readonly DrawnNode[] {
  const nodes = useView((state) => state.nodes);
  return useKept(signNodes(nodes), () => nodes.map(drawNode).sort((a, b) => a.id - b.id));
}

const signRing = ({ points, segments }: RingView): string =>
  `${points.map((point) => `${point.node}@${point.position}`).join()} ${segments
    .map((segment) => `${segment.table}/${segment.segment}:${segment.owner}*${segment.floats}`)
    .join()}`;

export function useDrawnRing(): RingView {
  const ring = useView((state) => state.ring);
  const lastRing = useRef({ ring, signature: '' });
  if (lastRing.current.ring !== ring || lastRing.current.signature === '')
    lastRing.current = { ring, signature: signRing(ring) };
  return useKept(lastRing.current.signature, () => ring);
}

const signFlows = (flows: readonly FlowView[]): string =>
  flows.map((flow) => `${flow.from}>${flow.to}*${flowWidth(flow.bytesPerSecond)}`).join();

/** A trickle of control messages is no traffic to look at. */
const QUIET_BYTES_PER_SECOND = 200;

export function useDrawnFlows(places: ReadonlyMap<NodeId, Point>): readonly DrawnFlow[] {
  const flows = useView((state) => state.flows).filter((flow) => flow.bytesPerSecond >= QUIET_BYTES_PER_SECOND);
  const where = [...places].map(([node, { x, y }]) => `${node}:${x | 0},${y | 0}`).join();
  return useKept(`${signFlows(flows)} ${where}`, () =>
    flows.flatMap(({ from, to, bytesPerSecond }) => {
      const [start, end] = [places.get(from), places.get(to)];
      return start && end ? [{ from, to, curve: flowCurve(start, end), width: flowWidth(bytesPerSecond) }] : [];
    }),
  );
}
