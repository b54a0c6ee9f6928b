// The names of things on the wire: nodes, epochs, clocks, segments. No behaviour beyond comparing them.

/** One tab in a room. The signaling server numbers nodes in join order, so a smaller id is an older node. Fits a u32. */
export type NodeId = number & { readonly __nodeId: true };

/** A number already known to be a node's id (parsed, or handed out by the signaling server). */
export const nodeId = (value: number): NodeId => value as NodeId;

/** Nobody: ids begin at 1. */
export const NO_NODE = nodeId(0);

/** Version of the cluster map. Terms come from the signaling server, so two schedulers can never share one. */
export interface Epoch {
  readonly term: number;
  readonly counter: number;
}

export const NO_EPOCH: Epoch = { term: 0, counter: 0 };

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export const compareEpochs = (a: Epoch, b: Epoch): number => a.term - b.term || a.counter - b.counter;

/** A worker's identity in every push: a restarted worker has a new incarnation and never counts twice. */
export interface WorkerId {
  readonly node: NodeId;
  readonly incarnation: number;
}

/** A segment's name: index of the table in the job, index of the segment in the table. */
export interface SegmentId {
  readonly table: number;
  readonly segment: number;
}

/** `SegmentId` packed in one number, for use as a key of a `Map`. */
export const segmentKey = (table: number, segment: number): number => table * 65_536 + segment;

/** Clock before any iteration: what a vector clock holds for a worker that has finished nothing. */
export const NO_CLOCK = -1;
