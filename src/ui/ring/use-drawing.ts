// What the cluster drawing needs of the view state, kept the same object while it means the same, so that React rests.
import { useMemo, useRef } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import { useView } from '../../store/use-view.ts';
import type { FlowView, NodeView, RingView } from '../../store/view.ts';
import type { DrawnFlow } from './ring-flows.tsx';
import { type Curve, flowCurve, flowWidth, type Point } from './ring-geometry.ts';
import type { DrawnNode } from './ring-node.tsx';

/** Returns the last value as long as `signature` and `scope` are the same. */
function useMemoBySignature<Value>(signature: string, scope: unknown, make: () => Value): Value {
  const kept = useRef<{ signature: string; scope: unknown; value: Value } | null>(null);
  if (kept.current?.signature !== signature || kept.current.scope !== scope)
    kept.current = { signature, scope, value: make() };
  return kept.current.value;
}

const signNodes = (nodes: readonly NodeView[]): string =>
  nodes.map((n) => `${n.id}${n.isSelf}${n.isScheduler}${n.isWorker}${n.isServer}${n.isSlow}${n.peer.phase}`).join(' ');

const drawNode = (node: NodeView, hasRun: boolean): DrawnNode => ({
  id: node.id,
  isSelf: node.isSelf,
  isScheduler: node.isScheduler,
  isWorker: node.isWorker,
  isServer: node.isServer,
  isSlow: node.isSlow,
  peer: node.peer.phase,
  hasRun,
});

/** Nodes by id, which is by age: every tab sees them in the same places. */
export function useDrawnNodes(): readonly DrawnNode[] {
  const nodes = useView((state) => state.nodes);
  const hasRun = useView((state) => state.run !== null);
  return useMemoBySignature(signNodes(nodes), hasRun, () =>
    nodes.map((node) => drawNode(node, hasRun)).sort((a, b) => a.id - b.id),
  );
}

const signRing = ({ points, segments }: RingView): string =>
  `${points.map((point) => `${point.node}@${point.position}`).join()} ${segments
    .map(
      (segment) =>
        `${segment.table}/${segment.segment}:${segment.owner}+${segment.replicas}?${segment.learners}*${segment.floats}`,
    )
    .join()}`;

export function useDrawnRing(): RingView {
  const ring = useView((state) => state.ring);
  const lastRing = useRef({ ring, signature: '' });
  if (lastRing.current.ring !== ring || lastRing.current.signature === '')
    lastRing.current = { ring, signature: signRing(ring) };
  return useMemoBySignature(lastRing.current.signature, null, () => ring);
}

/** A trickle of control messages is no traffic to look at. */
const QUIET_BYTES_PER_SECOND = 200;

const signFlows = (flows: readonly FlowView[]): string =>
  flows.map((flow) => `${flow.from}>${flow.to}*${flowWidth(flow.bytesPerSecond)}`).join();

/** Curves of all pairs that had traffic, for as long as the nodes stand where they are. */
class Curves {
  private readonly curves = new Map<string, Curve>();

  constructor(private readonly places: ReadonlyMap<NodeId, Point>) {}

  between(from: NodeId, to: NodeId): Curve | null {
    const pair = `${from}>${to}`;
    const known = this.curves.get(pair);
    if (known !== undefined) return known;
    const [start, end] = [this.places.get(from), this.places.get(to)];
    if (start === undefined || end === undefined) return null;
    const curve = flowCurve(start, end);
    this.curves.set(pair, curve);
    return curve;
  }
}

/** `places` must be the same map while nobody moves. */
export function useDrawnFlows(places: ReadonlyMap<NodeId, Point>): readonly DrawnFlow[] {
  const flows = useView((state) => state.flows);
  const curves = useMemo(() => new Curves(places), [places]);
  const loud = flows.filter((flow) => flow.bytesPerSecond >= QUIET_BYTES_PER_SECOND);
  return useMemoBySignature(signFlows(loud), curves, () =>
    loud.flatMap(({ from, to, bytesPerSecond }) => {
      const curve = curves.between(from, to);
      return curve === null ? [] : [{ from, to, curve, width: flowWidth(bytesPerSecond) }];
    }),
  );
}
