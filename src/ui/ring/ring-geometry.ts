// Where everything of the cluster drawing is. Pure: view state in, coordinates of a 640×640 picture out.
import type { NodeId } from '../../protocol/ids.ts';
import type { RingView } from '../../store/view.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Side of the drawing, in its own units. */
export const SIZE = 640;
export const CENTRE: Point = { x: SIZE / 2, y: SIZE / 2 };
/** The band of ownership. */
export const BAND_RADIUS = 268;
export const BAND_WIDTH = 24;
/** Segments sit as beads inside the band, their copies behind them; numbers of the owners outside of it. */
export const BEAD_RADIUS = 238;
/** From a bead to its first copy, and from each copy to the next, towards the centre. */
export const COPY_STEP = 12;
export const LABEL_RADIUS = 298;
/** Nodes stay inside the beads. */
const MAX_NODE_RADIUS = 176;
/** The square in the middle that holds every line of traffic, loops included. */
export const TRAFFIC_FIELD = { start: 116, size: SIZE - 2 * 116 };

const TURN = 2 * Math.PI;

/** The point at `position` (a fraction of a turn, clockwise from the top) on a circle around the centre. */
export function onCircle(position: number, radius: number): Point {
  const angle = position * TURN - TURN / 4;
  return { x: CENTRE.x + radius * Math.cos(angle), y: CENTRE.y + radius * Math.sin(angle) };
}

/** A stretch of the ring that belongs to one node; it may pass the top, then `end` is above 1. */
export interface Arc {
  readonly node: NodeId;
  readonly start: number;
  readonly end: number;
}

/**
 * Who owns which stretch: a key belongs to the first virtual node at or after it, clockwise. Neighbouring stretches of
 * one node are merged.
 */
export function arcsOf(points: RingView['points']): Arc[] {
  const sorted = [...points].sort((a, b) => a.position - b.position);
  const last = sorted.at(-1);
  if (last === undefined) return [];
  const arcs: { node: NodeId; start: number; end: number }[] = [];
  let start = last.position - 1;
  for (const { position, node } of sorted) {
    const previous = arcs.at(-1);
    if (previous?.node === node) previous.end = position;
    else if (position > start) arcs.push({ node, start, end: position });
    start = position;
  }
  const first = arcs[0];
  const end = arcs.at(-1);
  if (first && end && first !== end && first.node === end.node) {
    first.start = end.start - 1;
    arcs.pop();
  }
  return arcs.map((arc) => (arc.start < 0 ? { ...arc, start: arc.start + 1, end: arc.end + 1 } : arc));
}

const near = (value: number): string => value.toFixed(2);

/** SVG path of a stretch of a circle. A whole turn is drawn as three thirds: one arc can't, two halves wobble. */
export function arcPath(start: number, end: number, radius: number): string {
  const from = onCircle(start, radius);
  const move = `M${near(from.x)} ${near(from.y)}`;
  const to = (position: number, isLarge: boolean) => {
    const point = onCircle(position, radius);
    return `A${radius} ${radius} 0 ${isLarge ? 1 : 0} 1 ${near(point.x)} ${near(point.y)}`;
  };
  if (end - start >= 1 - 1e-6) return `${move}${[1, 2, 3].map((third) => to(start + third / 3, false)).join('')}`;
  return `${move}${to(end, end - start > 0.5)}`;
}

/** Length of a stretch in the drawing's units. */
export const arcLength = (arc: Arc, radius: number): number => (arc.end - arc.start) * TURN * radius;

/** Diameter of a node's disc for so many nodes. */
export const nodeDiameter = (count: number): number => (count <= 6 ? 58 : count <= 12 ? 46 : 34);

/** Places of `count` nodes: one in the middle, the others evenly on a circle from the top, in the order given. */
export function placeNodes(count: number): Point[] {
  if (count <= 1) return count === 1 ? [CENTRE] : [];
  const radius = Math.min(MAX_NODE_RADIUS, 116 + 8 * count);
  return Array.from({ length: count }, (_, index) => onCircle(index / count, radius));
}

/** A cubic Bézier: start, two controls, end. */
export type Curve = readonly [Point, Point, Point, Point];

/**
 * The way of the traffic from one node to another: bent towards the centre, and to the right of its direction, so that
 * there and back are two lines. To itself it is a loop.
 */
export function flowCurve(from: Point, to: Point): Curve {
  if (from === to || (from.x === to.x && from.y === to.y)) return loopAt(from);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const side = Math.min(22, length * 0.12);
  const right = { x: (-(to.y - from.y) / length) * side, y: ((to.x - from.x) / length) * side };
  const bend = (end: Point, other: Point): Point => ({
    x: end.x + (other.x - end.x) * 0.2 + (CENTRE.x - end.x) * 0.38 + right.x,
    y: end.y + (other.y - end.y) * 0.2 + (CENTRE.y - end.y) * 0.38 + right.y,
  });
  return [from, bend(from, to), bend(to, from), to];
}

/** Reach of a loop, as far as its control points. */
const LOOP_REACH = 112;

function loopAt(node: Point): Curve {
  const toCentre = Math.atan2(CENTRE.y - node.y, CENTRE.x - node.x);
  // Sideways, off the traffic to others; a lonely node stands in the centre and loops up, where no text is.
  const axis = node.x === CENTRE.x && node.y === CENTRE.y ? -TURN / 4 : toCentre - TURN / 4;
  const control = (turn: number): Point => ({
    x: node.x + LOOP_REACH * Math.cos(axis + turn),
    y: node.y + LOOP_REACH * Math.sin(axis + turn),
  });
  return [node, control(0.6), control(-0.6), node];
}

export const curvePath = ([a, b, c, d]: Curve): string =>
  `M${near(a.x)} ${near(a.y)}C${near(b.x)} ${near(b.y)} ${near(c.x)} ${near(c.y)} ${near(d.x)} ${near(d.y)}`;

/** The point at `t` in [0, 1] along a curve. */
export function alongCurve([a, b, c, d]: Curve, t: number): Point {
  const s = 1 - t;
  const [wa, wb, wc, wd] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return { x: wa * a.x + wb * b.x + wc * c.x + wd * d.x, y: wa * a.y + wb * b.y + wc * c.y + wd * d.y };
}

/** The area between a node and a stretch of the ring that it owns: a petal from its disc to the arc's two ends. */
export function petalPath(node: Point, { start, end }: Arc, radius: number): string {
  const [from, to] = [onCircle(start, radius), onCircle(end, radius)];
  // Both sides leave the node towards the centre and arrive at the ring head-on.
  const leave = { x: node.x + (CENTRE.x - node.x) * 0.5, y: node.y + (CENTRE.y - node.y) * 0.5 };
  const [before, after] = [onCircle(start, radius * 0.62), onCircle(end, radius * 0.62)];
  const side = (a: Point, b: Point, c: Point) =>
    `C${near(a.x)} ${near(a.y)} ${near(b.x)} ${near(b.y)} ${near(c.x)} ${near(c.y)}`;
  const along = `A${radius} ${radius} 0 ${end - start > 0.5 ? 1 : 0} 1 ${near(to.x)} ${near(to.y)}`;
  return `M${near(node.x)} ${near(node.y)}${side(leave, before, from)}${along}${side(after, leave, node)}Z`;
}

/** Parts of all parameters, as fractions. */
export interface Holdings {
  readonly owned: number;
  /** Kept as complete copies of what others own. */
  readonly copied: number;
  /** Copies that are being filled. */
  readonly filling: number;
}

export const NO_HOLDINGS: Holdings = { owned: 0, copied: 0, filling: 0 };

/** What each node holds: by floats of its segments, or by arcs while there are no segments. */
export function holdingsOf({ segments }: RingView, arcs: readonly Arc[]): Map<NodeId, Holdings> {
  const holdings = new Map<NodeId, Holdings>();
  const add = (node: NodeId, kind: keyof Holdings, share: number) => {
    const before = holdings.get(node) ?? NO_HOLDINGS;
    holdings.set(node, { ...before, [kind]: before[kind] + share });
  };
  const total = segments.reduce((sum, { floats }) => sum + floats, 0);
  if (total === 0) for (const arc of arcs) add(arc.node, 'owned', arc.end - arc.start);
  for (const { owner, replicas, learners, floats } of segments) {
    if (owner !== null) add(owner, 'owned', floats / total);
    for (const node of replicas) add(node, 'copied', floats / total);
    for (const node of learners) add(node, 'filling', floats / total);
  }
  return holdings;
}

/** Thickness of a line of traffic: grows with the logarithm, from 1 kB/s (thin) to 100 MB/s (thick). */
export function flowWidth(bytesPerSecond: number): number {
  const decades = Math.log10(Math.max(1, bytesPerSecond) / 1e3);
  // Whole units, so that small changes don't touch the drawing.
  return Math.round(Math.min(6, Math.max(1, 1 + decades)));
}
