// What left this tab for others, by what it is: measured where frames are given to links.
import type { Frame } from '../protocol/frames.ts';

/** Bytes of whole frames, repeats included. */
export interface Egress {
  /** Samples of data, as blocks, and the lists of them. */
  readonly data: number;
  /** Gradients, or the ways that workers went in local steps; what servers pass on to their replicas included. */
  readonly updates: number;
  /** Parameters that this tab serves, and parts of checkpoints. */
  readonly parameters: number;
  /** Requests, acknowledgements. */
  readonly other: number;
}

export type SentByKind = ReadonlyMap<Frame['kind'], number>;

const UPDATES: readonly Frame['kind'][] = ['push', 'filteredPush', 'update', 'codedUpdate'];
const PARAMETERS: readonly Frame['kind'][] = ['answer', 'filteredAnswer', 'snapshot', 'cut'];

export const NO_EGRESS: Egress = { data: 0, updates: 0, parameters: 0, other: 0 };

/** @param dataBytes of the `blockAnswer` frames, those with data; the others carry parts of checkpoints */
export function egressOf(tables: readonly SentByKind[], dataBytes: number): Egress {
  const sum = { data: dataBytes, updates: 0, parameters: -dataBytes, other: 0 };
  for (const table of tables) for (const [kind, bytes] of table) sum[placeOf(kind)] += bytes;
  return sum;
}

function placeOf(kind: Frame['kind']): 'updates' | 'parameters' | 'other' {
  if (UPDATES.includes(kind)) return 'updates';
  return PARAMETERS.includes(kind) || kind === 'blockAnswer' ? 'parameters' : 'other';
}

export const addEgress = (a: Egress, b: Egress): Egress => ({
  data: a.data + b.data,
  updates: a.updates + b.updates,
  parameters: a.parameters + b.parameters,
  other: a.other + b.other,
});
