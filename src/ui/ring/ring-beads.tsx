// Every segment as a bead in its owner's colour; behind it, towards the centre, the chain of its copies: a dot for each
// replica, a pulsing circle for each copy that is being filled.
import { memo, useRef } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import type { RingView } from '../../store/view.ts';
import { nodeColour } from '../node-style.ts';
import { BEAD_RADIUS, COPY_STEP, onCircle } from './ring-geometry.ts';
import './ring-beads.css';

const COPY_SIZE = 3;

/** How often the owner has changed since the bead is drawn. */
function useMoves(owner: NodeId | null): number {
  const seen = useRef({ owner, moves: 0 });
  if (seen.current.owner !== owner) seen.current = { owner, moves: seen.current.moves + 1 };
  return seen.current.moves;
}

interface RingBeadsProps {
  readonly segments: RingView['segments'];
  /** The node looked at: what it doesn't hold fades. */
  readonly active: NodeId | null;
}

export const RingBeads = memo(function RingBeads({ segments, active }: RingBeadsProps) {
  const largest = segments.reduce((most, segment) => Math.max(most, segment.floats), 1);
  return (
    <g>
      {segments.map((segment) => (
        <Bead
          key={`${segment.table} ${segment.segment}`}
          segment={segment}
          size={2.4 + 3 * Math.sqrt(segment.floats / largest)}
          active={active}
        />
      ))}
    </g>
  );
});

interface BeadProps {
  readonly segment: RingView['segments'][number];
  readonly size: number;
  readonly active: NodeId | null;
}

function Bead({ segment, size, active }: BeadProps) {
  const { position, owner, replicas, learners } = segment;
  const moves = useMoves(owner);
  const place = onCircle(position, BEAD_RADIUS);
  const copies = [...replicas, ...learners];
  const end = onCircle(position, BEAD_RADIUS - COPY_STEP * copies.length);
  return (
    <>
      {copies.length > 0 && <path className="ring-chain" d={`M${place.x} ${place.y}L${end.x} ${end.y}`} />}
      {moves > 0 && <circle key={moves} className="ring-moved" cx={place.x} cy={place.y} r={size} />}
      <circle
        className="ring-bead"
        data-faded={active !== null && active !== owner}
        cx={place.x}
        cy={place.y}
        r={size}
        style={{ fill: nodeColour(owner) }}
      />
      {copies.map((node, index) => {
        const at = onCircle(position, BEAD_RADIUS - COPY_STEP * (index + 1));
        const isFilling = index >= replicas.length;
        return (
          <circle
            key={node}
            className="ring-copy"
            data-filling={isFilling}
            data-faded={active !== null && active !== node}
            cx={at.x}
            cy={at.y}
            r={COPY_SIZE}
            style={isFilling ? { stroke: nodeColour(node) } : { fill: nodeColour(node) }}
          />
        );
      })}
    </>
  );
}
