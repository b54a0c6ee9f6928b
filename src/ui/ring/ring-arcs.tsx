// The ring itself: who owns which stretch of the key space, with the segments inside it.
import { memo, useMemo } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import type { RingView } from '../../store/view.ts';
import { nodeColour } from '../node-style.ts';
import { RingBeads } from './ring-beads.tsx';
import {
  type Arc,
  arcLength,
  arcPath,
  BAND_RADIUS,
  BAND_WIDTH,
  CENTRE,
  LABEL_RADIUS,
  onCircle,
  type Point,
  petalPath,
} from './ring-geometry.ts';

/** Arcs shorter than this, in units of the drawing, have no number beside them. */
const LABELLED_ARC = 34;
/** Petals end at the band's inner edge. */
const PETAL_RADIUS = BAND_RADIUS - BAND_WIDTH / 2 - 3;
/** Half of the gap between two arcs, as a fraction of a turn. */
const HALF_GAP = 0.0009;

function groupByOwner(arcs: readonly Arc[]): Map<NodeId, Arc[]> {
  const groups = new Map<NodeId, Arc[]>();
  for (const arc of arcs) {
    const group = groups.get(arc.node);
    if (group) group.push(arc);
    else groups.set(arc.node, [arc]);
  }
  return groups;
}

interface RingArcsProps {
  readonly arcs: readonly Arc[];
  readonly segments: RingView['segments'];
  readonly places: ReadonlyMap<NodeId, Point>;
  /** The node looked at: the others fade. */
  readonly active: NodeId | null;
}

export const RingArcs = memo(function RingArcs({ arcs, segments, places, active }: RingArcsProps) {
  const byOwner = useMemo(() => groupByOwner(arcs), [arcs]);
  return (
    <>
      <Petals arcs={arcs} places={places} active={active} />
      <circle className="ring-track" cx={CENTRE.x} cy={CENTRE.y} r={BAND_RADIUS} strokeWidth={BAND_WIDTH} />
      {[...byOwner].map(([node, own]) => (
        <g key={node} className="ring-owner" data-faded={active !== null && active !== node}>
          {own.map((arc) => (
            <OwnedArc key={arc.end} arc={arc} isWhole={arcs.length === 1} />
          ))}
        </g>
      ))}
      <RingBeads segments={segments} active={active} />
    </>
  );
});

/** What belongs to whom, as an area: faint, until a node is looked at. */
function Petals({ arcs, places, active }: Pick<RingArcsProps, 'arcs' | 'places' | 'active'>) {
  if (arcs.length === 1) return null;
  return (
    <g>
      {arcs.map((arc) => {
        const place = places.get(arc.node);
        return (
          place && (
            <path
              key={arc.end}
              className="ring-petal"
              d={petalPath(place, arc, PETAL_RADIUS)}
              fill={nodeColour(arc.node)}
              data-active={active === arc.node}
              data-faded={active !== null && active !== arc.node}
            />
          )
        );
      })}
    </g>
  );
}

const OwnedArc = memo(function OwnedArc({ arc, isWhole }: { readonly arc: Arc; readonly isWhole: boolean }) {
  const gap = isWhole ? 0 : Math.min(HALF_GAP, (arc.end - arc.start) / 4);
  const middle = onCircle((arc.start + arc.end) / 2, LABEL_RADIUS);
  return (
    <>
      <path
        className="ring-arc"
        d={arcPath(arc.start + gap, arc.end - gap, BAND_RADIUS)}
        stroke={nodeColour(arc.node)}
        strokeWidth={BAND_WIDTH}
      />
      {!isWhole && arcLength(arc, BAND_RADIUS) >= LABELLED_ARC && (
        <text className="ring-label" x={middle.x} y={middle.y}>
          {arc.node}
        </text>
      )}
    </>
  );
});
