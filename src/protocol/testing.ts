// Test code: a room's state, and arbitraries for every kind of frame, as any node might send them. Fields are anything that the wire can
// carry, unless narrowed.
import fc from 'fast-check';
import type { ClusterState } from './control.ts';
import { type Frame, refusals } from './frames.ts';
import { type Epoch, nodeId, type WorkerId } from './ids.ts';
import { MAX_SLOTS } from './limits.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.oneof(fc.nat(8), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffff));
const i32 = fc.oneof(fc.integer({ min: -1, max: 8 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));

/** Any f32, with NaN, infinities and −0. */
export const f32: fc.Arbitrary<number> = fc.oneof(fc.float(), fc.constantFrom(Number.NaN, 1 / 0, -1 / 0, -0));

/** What tests of a shard narrow: every field has a value that hits and values that miss. */
export interface FrameFields {
  readonly epoch: fc.Arbitrary<Epoch>;
  readonly worker: fc.Arbitrary<WorkerId>;
  readonly table: fc.Arbitrary<number>;
  readonly segment: fc.Arbitrary<number>;
  readonly clock: fc.Arbitrary<number>;
  readonly keys: fc.Arbitrary<Uint32Array | null>;
  readonly values: fc.Arbitrary<Float32Array>;
}

/** Whatever fits the wire. */
export const anyFields: FrameFields = {
  epoch: fc.record({ term: u32, counter: u32 }),
  worker: fc.record({ node: u32.map(nodeId), incarnation: u32 }),
  table: u16,
  segment: u16,
  clock: i32,
  keys: fc.option(
    fc.array(u32, { maxLength: 12 }).map((list) => Uint32Array.from(list)),
    { nil: null },
  ),
  values: fc.array(f32, { maxLength: 12 }).map((list) => Float32Array.from(list)),
};

const bytes = fc.array(fc.nat(255), { maxLength: 40 }).map((list) => Uint8Array.from(list));
const f64s = fc.array(fc.double(), { maxLength: 4 }).map((list) => Float64Array.from(list));

const workerClocks = (worker: fc.Arbitrary<WorkerId>) => fc.array(fc.record({ worker, clock: i32 }), { maxLength: 5 });

const pushCounts = (worker: fc.Arbitrary<WorkerId>) =>
  fc.array(fc.record({ node: worker.map(({ node }) => node), count: u32 }), { maxLength: 5 });

/** A snapshot's arrays: as many slots as it says, each as long as the values. */
const snapshotArrays = fc.tuple(fc.nat(MAX_SLOTS), fc.nat(6)).chain(([slots, length]) => {
  const row = fc.array(f32, { minLength: length, maxLength: length }).map((list) => Float32Array.from(list));
  return fc.record({ values: row, slots: fc.array(row, { minLength: slots, maxLength: slots }) });
});

/** Frames of each kind, by kind: a new kind without an arbitrary does not compile. */
export function framesByKind(fields: FrameFields): {
  [K in Frame['kind']]: fc.Arbitrary<Extract<Frame, { kind: K }>>;
} {
  const { clock, epoch, keys, segment, table, values, worker } = fields;
  const place = { epoch, table, segment };
  const state = {
    ...{ version: u32, stamp: epoch, floor: i32, clocks: workerClocks(worker), pushes: pushCounts(worker) },
    ...{ scalars: f64s, arrays: snapshotArrays },
  };
  return {
    push: fc.record({
      kind: fc.constant('push'),
      ...{ ...place, worker, clock, settled: clock, samples: u32, readFront: i32, keys, values },
    }),
    ack: fc.record({ kind: fc.constant('ack'), ...place, worker, clock }),
    pull: fc.record({ kind: fc.constant('pull'), ...place, worker, request: u32, minClock: clock, done: clock, keys }),
    answer: fc.record({
      kind: fc.constant('answer'),
      ...place,
      request: u32,
      version: u32,
      isHeldBack: fc.boolean(),
      clocks: fc.record({
        floor: i32,
        ahead: fc.array(fc.record({ node: u32.map(nodeId), clock: i32 }), { maxLength: 5 }),
      }),
      values,
    }),
    filteredPush: fc.record({
      kind: fc.constant('filteredPush'),
      ...{ ...place, worker, clock, settled: clock, samples: u32, readFront: i32, block: bytes, keys: bytes },
    }),
    filteredPull: fc.record({
      kind: fc.constant('filteredPull'),
      ...{ ...place, worker, request: u32, minClock: clock, done: clock, keys: bytes },
      wish: fc.record({ codec: u16, base: fc.option(u32, { nil: null }) }),
    }),
    filteredAnswer: fc.record({
      kind: fc.constant('filteredAnswer'),
      ...{ ...place, request: u32, version: u32, isHeldBack: fc.boolean(), serial: u32, base: u32, block: bytes },
      clocks: fc.record({
        floor: i32,
        ahead: fc.array(fc.record({ node: u32.map(nodeId), clock: i32 }), { maxLength: 5 }),
      }),
    }),
    refuse: fc.record({
      kind: fc.constant('refuse'),
      ...{ ...place, worker },
      reason: fc.constantFrom(...refusals),
      clock,
      request: u32,
    }),
    update: fc.record({
      kind: fc.constant('update'),
      ...place,
      version: u32,
      learningRate: fc.double(),
      weight: fc.double(),
      advances: workerClocks(worker),
      hasGradient: fc.boolean(),
      keys,
      values,
    }),
    codedUpdate: fc.record({
      kind: fc.constant('codedUpdate'),
      ...{ ...place, version: u32, learningRate: fc.double(), weight: fc.double(), hasGradient: fc.boolean() },
      ...{ advances: workerClocks(worker), block: bytes, keys: bytes },
    }),
    confirm: fc.record({ kind: fc.constant('confirm'), ...place, version: u32 }),
    follow: fc.record({ kind: fc.constant('follow'), ...place, version: u32, stamp: epoch }),
    snapshot: fc
      .record({ kind: fc.constant('snapshot' as const), ...place, ...state })
      .map(({ arrays, ...head }) => ({ ...head, ...arrays })),
    cut: fc
      .record({ kind: fc.constant('cut' as const), ...place, run: u32, clock: i32, ...state })
      .map(({ arrays, ...head }) => ({ ...head, ...arrays })),
    restore: fc.record({ kind: fc.constant('restore'), ...place, run: u32 }),
    blockRequest: fc.record({
      kind: fc.constant('blockRequest'),
      epoch,
      request: u32,
      hash: fc.stringMatching(/^[0-9a-f]{64}$/),
    }),
    blockAnswer: fc.record({
      kind: fc.constant('blockAnswer'),
      epoch,
      request: u32,
      bytes: fc.option(bytes, { nil: null }),
    }),
    ringPush: fc.record({
      kind: fc.constant('ringPush'),
      ...{ ...place, clock, values },
      parts: fc.array(fc.record({ worker, settled: clock, samples: u32 }), { minLength: 1, maxLength: 5 }),
    }),
    ringAnswer: fc.record({
      kind: fc.constant('ringAnswer'),
      ...{ ...place, version: u32, isHeldBack: fc.boolean(), values },
      clocks: fc.record({
        floor: i32,
        ahead: fc.array(fc.record({ node: u32.map(nodeId), clock: i32 }), { maxLength: 5 }),
      }),
    }),
  };
}

/** A frame of any kind. */
export const anyFrame = (fields: FrameFields = anyFields): fc.Arbitrary<Frame> =>
  fc.oneof(...(Object.values(framesByKind(fields)) as fc.Arbitrary<Frame>[]));

/** The parts of an encoded frame as one array. `offset` bytes stand before it in its buffer. */
export function joined(parts: readonly Uint8Array[], offset = 0): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const whole = new Uint8Array(new ArrayBuffer(offset + length), offset);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** The state of a room, idle and empty but for what is changed. */
export const clusterOf = (change: Partial<ClusterState> = {}): ClusterState => ({
  kind: 'cluster',
  term: 1,
  revision: 0,
  scheduler: nodeId(1),
  phase: 'idle',
  lostIn: null,
  message: null,
  map: { epoch: { term: 1, counter: 0 }, run: 0, servers: [], placements: [], workers: [] },
  plan: null,
  schedule: [],
  clockLimit: 0,
  leases: [],
  holders: [],
  shutOut: [],
  sidelined: [],
  privacy: { isPrivate: false, offers: [] },
  checkpoint: { cutAt: null, newest: null },
  ...change,
});
