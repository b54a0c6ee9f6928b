// Lines of traffic between nodes: thicker is more. What moves along them is drawn by flow-canvas.
import { memo } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import { nodeColour } from '../node-style.ts';
import { type Curve, curvePath } from './ring-geometry.ts';

export interface DrawnFlow {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly curve: Curve;
  readonly width: number;
}

interface RingFlowsProps {
  readonly flows: readonly DrawnFlow[];
  readonly active: NodeId | null;
}

export const RingFlows = memo(function RingFlows({ flows, active }: RingFlowsProps) {
  return (
    <g>
      {flows.map(({ from, to, curve, width }) => (
        <path
          key={`${from} ${to}`}
          className="ring-flow"
          d={curvePath(curve)}
          stroke={nodeColour(from)}
          strokeWidth={width}
          data-faded={active !== null && active !== from && active !== to}
        />
      ))}
    </g>
  );
});
