// Pulls of one client that are under way: which parts are asked for, and what has come of each.
import type { PullSpec } from '../protocol/filters.ts';
import type { Answer, FilteredAnswer, Pull } from '../protocol/frames.ts';
import { type NodeId, segmentKey } from '../protocol/ids.ts';
import type { Pulled } from './client-events.ts';
import type { SegmentRange } from './table.ts';
import { clockIn, frontOf } from './vector-clock.ts';

/** What waits for its answer, with how the rows shall travel. */
export type UnsentPull = Omit<Pull, 'epoch'> & { readonly wish: PullSpec | null };

/** One segment's part of a pull. */
export interface PullPart {
  readonly pullId: number;
  readonly range: SegmentRange;
  readonly key: number;
  readonly pull: UnsentPull;
  /** Where the rows go in the table's buffer, in floats, and how many there must be. */
  readonly offset: number;
  readonly floats: number;
  /** What is heard is passed on round the ring. */
  readonly isShared: boolean;
}

/** One pull: how much of it is still on its way. */
interface PullState {
  readonly into: readonly Float32Array[];
  readonly readFronts: Map<number, number>;
  readonly ownClocks: Map<number, number>;
  floor: number;
  isHeldBack: boolean;
  missing: number;
}

export class OpenPulls {
  private readonly pulls = new Map<number, PullState>();
  private readonly byRequest = new Map<number, PullPart>();

  clear(): void {
    this.pulls.clear();
    this.byRequest.clear();
  }

  get size(): number {
    return this.pulls.size;
  }

  get requests(): number {
    return this.byRequest.size;
  }

  /** @param parts how many will be added: known before the first, which may be answered at once */
  open(id: number, into: readonly Float32Array[], parts: number): void {
    const clocks = { ownClocks: new Map(), readFronts: new Map(), floor: Number.POSITIVE_INFINITY };
    this.pulls.set(id, { into, ...clocks, isHeldBack: false, missing: parts });
  }

  add(part: PullPart): void {
    this.byRequest.set(part.pull.request, part);
  }

  parts(): Iterable<PullPart> {
    return this.byRequest.values();
  }

  part(request: number): PullPart | undefined {
    return this.byRequest.get(request);
  }

  partOf(answer: Answer | FilteredAnswer): PullPart | undefined {
    const part = this.byRequest.get(answer.request);
    return part?.key === segmentKey(answer.table, answer.segment) ? part : undefined;
  }

  /** Keeps what an answer says. @returns the part that it answers, undefined where it answers none */
  take(answer: Answer | FilteredAnswer, values: Float32Array, self: NodeId): PullPart | undefined {
    const part = this.partOf(answer);
    const state = part && this.pulls.get(part.pullId);
    if (part === undefined || state === undefined || values.length !== part.floats) return undefined;
    this.byRequest.delete(answer.request);
    state.into[answer.table]?.set(values, part.offset);
    state.readFronts.set(part.key, frontOf(answer.clocks));
    state.ownClocks.set(part.key, clockIn(answer.clocks, self));
    state.floor = Math.min(state.floor, answer.clocks.floor);
    state.isHeldBack ||= answer.isHeldBack;
    state.missing--;
    return part;
  }

  /** What a pull has come to, once nothing of it is missing; null before. Then it is forgotten. */
  finish(id: number): Pulled | null {
    const state = this.pulls.get(id);
    if (state === undefined || state.missing > 0) return null;
    this.pulls.delete(id);
    const { ownClocks, readFronts, floor, isHeldBack } = state;
    return { ownClocks, readFronts, floor, isHeldBack };
  }
}
