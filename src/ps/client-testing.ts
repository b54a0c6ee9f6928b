// A client with shards that a test plays.
import type { Answer, Frame, Pull, Push, Refusal } from '../protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import { ClientCore } from './client-core.ts';
import type { ClientEffect, ClientEvent } from './client-events.ts';
import type { ClusterMap } from './cluster-map.ts';
import { cutSegments, SEGMENT_FLOATS, type TableSpec } from './table.ts';
import { epochOf, mapOf, tableOf, workerOf } from './testing.ts';

export const ME = workerOf(1, 4);
export const [S, T] = [nodeId(8), nodeId(9)];
export const HALF = SEGMENT_FLOATS;

/** Table 0: two segments of one column. Table 1: one segment of two columns. */
export const TABLES = [tableOf(2 * HALF), tableOf(3, 2, { kind: 'zeros' }, 'b')];

/** Segments in order, on S, T and S. */
export function mapWith(counter: number, owners = [S, T, S]): ClusterMap {
  const placements = owners.map((owner) => ({ chain: [owner], learners: [] }));
  return { ...mapOf({ workers: [ME], epoch: epochOf(counter), servers: [8, 9] }), placements };
}

/** A client with its plan, a map and both links, and the means to play the shards. */
export class TestClient {
  readonly core: ClientCore;
  private requests = 100;

  constructor(tables: readonly TableSpec[] = TABLES, map: ClusterMap | null = mapWith(1), links = [S, T]) {
    this.core = new ClientCore(ME, () => this.requests++);
    this.core.step({ kind: 'plan', run: 1, tables });
    if (map !== null) this.core.step({ kind: 'map', map });
    for (const node of links) this.core.step({ kind: 'link', node, isUp: true });
  }

  pull(change: Partial<ClientEvent & { kind: 'pull' }> = {}): ClientEffect[] {
    const into = [new Float32Array(2 * HALF), new Float32Array(6)];
    return this.core.step({
      kind: 'pull',
      ...{ id: 1, minClock: 0, done: NO_CLOCK, keys: [null, null], into, everySegment: false },
      ...change,
    });
  }

  push(clock: number, change: Partial<ClientEvent & { kind: 'push' }> = {}): ClientEffect[] {
    const tables = [
      { keys: null, values: Float32Array.from({ length: 2 * HALF }, (_, at) => at) },
      { keys: null, values: Float32Array.of(10, 11, 20, 21, 30, 31) },
    ];
    return this.core.step({ kind: 'push', clock, samples: 4, tables, readFronts: new Map(), ...change });
  }

  take(frame: Frame, from = S): ClientEffect[] {
    return this.core.step({ kind: 'frame', from, frame });
  }

  ack(clock: number, table: number, segment: number, worker = ME): ClientEffect[] {
    return this.take({ kind: 'ack', epoch: epochOf(1), table, segment, worker, clock });
  }

  refuse(reason: Refusal, clock: number, request = 0, worker = ME): ClientEffect[] {
    return this.take({ kind: 'refuse', epoch: epochOf(1), table: 0, segment: 0, worker, reason, clock, request });
  }
}

export const sends = (effects: readonly ClientEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
export const pullsIn = (effects: readonly ClientEffect[]): Pull[] =>
  sends(effects).flatMap(({ frame }) => (frame.kind === 'pull' ? [frame] : []));
export const pushesIn = (effects: readonly ClientEffect[]): Push[] =>
  sends(effects).flatMap(({ frame }) => (frame.kind === 'push' ? [frame] : []));
export const places = (effects: readonly ClientEffect[]) =>
  sends(effects).map(({ to, frame }) => ('table' in frame ? `${frame.table}.${frame.segment} to ${to}` : frame.kind));

/** What the shard answers to a pull: `value` in every row. */
export function answerTo({ table, segment, request, keys }: Pull, value: number, change: Partial<Answer> = {}): Answer {
  const range = cutSegments(TABLES).find((one) => one.table === table && one.segment === segment);
  const width = TABLES[table]?.width ?? 1;
  const rows = keys?.length ?? (range ? range.end - range.start : 0);
  const clocks = { floor: 0, ahead: [] };
  const head = { epoch: epochOf(1), table, segment, request, version: 1, isHeldBack: false, clocks };
  return { kind: 'answer', ...head, values: new Float32Array(rows * width).fill(value), ...change };
}
