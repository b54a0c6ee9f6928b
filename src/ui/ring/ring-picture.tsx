// The signature picture: the ring of parameters, the nodes inside it, and the traffic between them, live.
import { useMemo, useState } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import { FlowCanvas } from './flow-canvas.tsx';
import { RingArcs } from './ring-arcs.tsx';
import { RingDetails } from './ring-details.tsx';
import { RingFlows } from './ring-flows.tsx';
import { arcsOf, holdingsOf, NO_HOLDINGS, nodeDiameter, placeNodes, SIZE } from './ring-geometry.ts';
import { RingGuest } from './ring-guest.tsx';
import { RingNode } from './ring-node.tsx';
import { useDrawnFlows, useDrawnNodes, useDrawnRing } from './use-drawing.ts';
import './ring.css';

interface RingPictureProps {
  /** Shows free places until so many nodes are here: an invitation. */
  readonly seats?: number;
}

export function RingPicture({ seats = 0 }: RingPictureProps) {
  const nodes = useDrawnNodes();
  const ring = useDrawnRing();
  const spots = useMemo(() => placeNodes(nodes.length === 0 ? 0 : Math.max(seats, nodes.length)), [nodes, seats]);
  const places = useMemo(
    () => new Map(nodes.flatMap((node, index) => (spots[index] ? [[node.id, spots[index]]] : []))),
    [nodes, spots],
  );
  const flows = useDrawnFlows(places);
  const arcs = useMemo(() => arcsOf(ring.points), [ring]);
  const holdings = useMemo(() => holdingsOf(ring, arcs), [ring, arcs]);
  const [hovered, setHovered] = useState<NodeId | null>(null);
  const [selected, setSelected] = useState<NodeId | null>(null);
  const looked = hovered ?? selected;
  const active = looked !== null && places.has(looked) ? looked : null;
  const moving = useMemo(
    () => (active === null ? flows : flows.filter(({ from, to }) => from === active || to === active)),
    [flows, active],
  );
  const diameter = nodeDiameter(spots.length);

  return (
    <div className="ring">
      <div className="ring-stage">
        <svg viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden="true" focusable="false">
          <RingArcs arcs={arcs} segments={ring.segments} places={places} active={active} />
          <RingFlows flows={flows} active={active} />
        </svg>
        <FlowCanvas flows={moving} />
        {nodes.map((node) => (
          <RingNode
            key={node.id}
            node={node}
            place={places.get(node.id)}
            diameter={diameter}
            holdings={holdings.get(node.id) ?? NO_HOLDINGS}
            isSelected={selected === node.id}
            isFaded={active !== null && active !== node.id}
            onHover={setHovered}
            onSelect={setSelected}
          />
        ))}
        {spots.slice(nodes.length).map((place) => (
          <RingGuest key={`${place.x} ${place.y}`} place={place} diameter={diameter} />
        ))}
      </div>
      <RingDetails node={active} holdings={holdings} />
    </div>
  );
}
