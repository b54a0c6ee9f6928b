// Lines of traffic between nodes: thicker is more. What moves along them is drawn by flow-canvas.
import { memo } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import { cssVariables } from '../common/css-variables.ts';
import { nodeColour } from '../node-style.ts';
import { type Curve, curvePath } from './ring-geometry.ts';

export interface DrawnFlow {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly curve: Curve;
  readonly width: number;
}

/** Many lines are fainter, so that together they stay a picture: 0.34 for a few, down to 0.07 for hundreds. */
const lineOpacity = (lines: number): number => Math.max(0.07, 0.34 * Math.min(1, Math.sqrt(16 / Math.max(1, lines))));

interface RingFlowsProps {
  readonly flows: readonly DrawnFlow[];
  readonly active: NodeId | null;
}

export const RingFlows = memo(function RingFlows({ flows, active }: RingFlowsProps) {
  return (
    <g style={cssVariables({ '--flow-opacity': String(lineOpacity(flows.length)) })}>
      {flows.map(({ from, to, curve, width }) => (
        <FlowLine
          key={`${from} ${to}`}
          curve={curve}
          from={from}
          width={width}
          look={active === null ? 'plain' : active === from || active === to ? 'active' : 'faded'}
        />
      ))}
    </g>
  );
});

interface FlowLineProps extends Pick<DrawnFlow, 'curve' | 'from' | 'width'> {
  readonly look: 'plain' | 'active' | 'faded';
}

const FlowLine = memo(function FlowLine({ curve, from, width, look }: FlowLineProps) {
  return (
    <path className="ring-flow" d={curvePath(curve)} stroke={nodeColour(from)} strokeWidth={width} data-look={look} />
  );
});
