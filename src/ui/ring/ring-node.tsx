// One node of the drawing: a disc with its number, what it does, and whether it is this tab. A button: it can be looked at.
import { memo } from 'react';
import type { NodeId } from '../../protocol/ids.ts';
import type { NodeView } from '../../store/view.ts';
import { cssVariables } from '../common/css-variables.ts';
import { SchedulerGlyph, ServerGlyph, WatchGlyph, WorkerGlyph } from '../common/glyphs.tsx';
import { nodeColour, nodeName, rolesInWords } from '../node-style.ts';
import { holdingsInWords } from './holdings-words.ts';
import { CENTRE, type Holdings, type Point, SIZE } from './ring-geometry.ts';

/** What of a node the drawing shows; equal fields mean no new rendering. */
export type DrawnNode = Pick<NodeView, 'id' | 'isSelf' | 'isScheduler' | 'isWorker' | 'isServer' | 'isSlow'> & {
  readonly peer: NodeView['peer']['phase'];
  /** Before the first run nobody has a role. */
  readonly hasRun: boolean;
};

interface RingNodeProps {
  readonly node: DrawnNode;
  readonly place: Point | undefined;
  /** Side of the disc in units of the drawing. */
  readonly diameter: number;
  readonly holdings: Holdings;
  readonly isSelected: boolean;
  readonly isFaded: boolean;
  onHover(node: NodeId | null): void;
  /** Chosen again means: no longer chosen. */
  onSelect(node: NodeId | null): void;
}

/** Discs smaller than this stand so close that only what is special is written beside them. */
const COMPACT_DIAMETER = 40;

function inWords(node: DrawnNode, holdings: Holdings): string {
  const parts = [
    node.isSelf ? `${nodeName(node.id)}, you` : nodeName(node.id),
    rolesInWords(node, node.hasRun),
    node.isScheduler ? 'scheduler' : null,
    ...holdingsInWords(holdings),
    node.isSlow ? 'slow' : null,
    node.peer === 'self' || node.peer === 'connected' ? null : node.peer,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

export const RingNode = memo(function RingNode(props: RingNodeProps) {
  const { node, place, diameter, holdings, isSelected, isFaded, onHover, onSelect } = props;
  if (place === undefined) return null;
  const isCompact = diameter < COMPACT_DIAMETER;
  return (
    <button
      type="button"
      className="ring-node"
      data-peer={node.peer}
      data-faded={isFaded}
      data-self={node.isSelf}
      aria-pressed={isSelected}
      aria-label={inWords(node, holdings)}
      style={{
        left: `${(place.x / SIZE) * 100}%`,
        top: `${(place.y / SIZE) * 100}%`,
        width: `${(diameter / SIZE) * 100}%`,
        ...cssVariables({ '--node': nodeColour(node.id), '--size': String((diameter / SIZE) * 100) }),
      }}
      onPointerEnter={() => onHover(node.id)}
      onPointerLeave={() => onHover(null)}
      onFocus={() => onHover(node.id)}
      onBlur={() => onHover(null)}
      onClick={() => onSelect(isSelected ? null : node.id)}
    >
      <span className="ring-number">{node.id}</span>
      <span className="ring-roles" data-above={place.y < CENTRE.y - 1}>
        {node.isSelf && <b>you</b>}
        {node.isScheduler && <SchedulerGlyph size={13} />}
        {!isCompact && <RoleGlyphs node={node} />}
      </span>
    </button>
  );
});

function RoleGlyphs({ node }: { readonly node: DrawnNode }) {
  return (
    <>
      {node.isWorker && <WorkerGlyph size={11} />}
      {node.isServer && <ServerGlyph size={11} />}
      {node.hasRun && !node.isWorker && !node.isServer && <WatchGlyph size={12} />}
    </>
  );
}
