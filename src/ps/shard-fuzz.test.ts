// No input crashes a shard, makes it hold more and more, or changes what it may not change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Pull, Push } from '../protocol/frames.ts';
import { nodeId } from '../protocol/ids.ts';
import { anyFrame, type FrameFields, f32 } from '../protocol/testing.ts';
import { isActive } from './cluster-map.ts';
import {
  ASYNC,
  BSP,
  epochOf,
  mapOf,
  pullOf,
  pushOf,
  scheduleOf,
  shardPlanOf,
  sspOf,
  TestShard,
  tableOf,
  wordsOf,
  workerOf,
} from './testing.ts';

const SELF = nodeId(9);
const OTHER = nodeId(8);
const WORKERS = [workerOf(1), workerOf(2)];
const TABLES = [tableOf(4), tableOf(3, 2)];

/** Fields that are right often enough for a frame to get far, and wrong in every way. */
const fields: FrameFields = {
  epoch: fc.constantFrom(epochOf(2), epochOf(2), epochOf(2), epochOf(1), epochOf(3), epochOf(2, 0), epochOf(0, 9)),
  worker: fc.constantFrom(...WORKERS, ...WORKERS, workerOf(1, 0), workerOf(2, 7), workerOf(5), workerOf(9)),
  table: fc.constantFrom(0, 0, 0, 1, 2, 0xffff),
  segment: fc.constantFrom(0, 0, 0, 0, 1, 0xffff),
  clock: fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  keys: fc.oneof(
    fc.constant(null),
    fc.subarray([0, 1, 2, 3]).map((list) => Uint32Array.from(list)),
    fc.array(fc.constantFrom(0, 1, 2, 3, 4, 0xffff_ffff), { maxLength: 6 }).map((list) => Uint32Array.from(list)),
  ),
  values: fc
    .tuple(fc.constantFrom(0, 4, 4, 4, 6, 1, 7), fc.boolean())
    .chain(([length, isHonest]) =>
      fc.array(isHonest ? fc.float({ min: -4, max: 4, noNaN: true }) : f32, { minLength: length, maxLength: length }),
    )
    .map((list) => Float32Array.from(list)),
};

interface Arrival {
  readonly from: number;
  readonly frame: Frame;
}

/** Frames from whom they name, mostly; also from a server, a stranger and the shard itself. */
const arrival: fc.Arbitrary<Arrival> = anyFrame(fields).chain((frame) =>
  fc.record({
    from: fc.constantFrom('worker' in frame ? frame.worker.node : 8, 1, 2, 5, 8, 9),
    frame: fc.constant(frame),
  }),
);

/** A push that an honest worker could send as its next. */
const honest = fc
  .record({ worker: fc.constantFrom(...WORKERS), clock: fc.nat(4), value: fc.integer({ min: -4, max: 4 }) })
  .map(({ worker, clock, value }) => ({
    from: worker.node as number,
    frame: pushOf(worker, clock, Array<number>(4).fill(value), { epoch: epochOf(2), settled: 0 }),
  }));

/** A push or a pull that is right but for what is replaced: gets further than one that is all chance. */
const near: fc.Arbitrary<Arrival> = fc
  .record(
    {
      from: fc.constantFrom(1, 2, 5),
      epoch: fields.epoch,
      worker: fields.worker,
      segment: fields.segment,
      clock: fields.clock,
      settled: fields.clock,
      done: fields.clock,
      minClock: fields.clock,
      samples: fc.constantFrom(0, 1, 0xffff_ffff),
      readFront: fields.clock,
      request: fc.nat(3),
      keys: fields.keys,
      values: fields.values,
    },
    { requiredKeys: [] },
  )
  .chain(({ from, ...change }) =>
    fc.record({ right: honest, isPush: fc.boolean() }).map(({ right, isPush }) => {
      const { worker, clock } = right.frame;
      const pull = pullOf(worker, clock - 1, { epoch: epochOf(2) });
      return { from: from ?? right.from, frame: isPush ? { ...right.frame, ...change } : { ...pull, ...change } };
    }),
  );

/** What a predecessor sends, right but for what is replaced: it must not come from anybody else. */
const replication: fc.Arbitrary<Arrival> = fc
  .record({
    from: fc.constantFrom(1, 7, 8, 9),
    epoch: fields.epoch,
    version: fc.nat(3),
    value: fc.integer({ min: 1, max: 9 }),
    kind: fc.constantFrom('update', 'snapshot', 'confirm', 'follow'),
  })
  .map(({ from, epoch, version, value, kind }) => {
    const place = { epoch, table: 0, segment: 0, version };
    const values = new Float32Array(4).fill(value);
    const clocks = WORKERS.map((worker) => ({ worker, clock: value }));
    const update = { learningRate: 1, weight: 1, advances: clocks, hasGradient: true, keys: null, values };
    const snapshot = {
      stamp: epoch,
      floor: value,
      clocks,
      pushes: [],
      scalars: new Float64Array(0),
      values,
      slots: [],
    };
    switch (kind) {
      case 'update':
        return { from, frame: { kind, ...place, ...update } };
      case 'snapshot':
        return { from, frame: { kind, ...place, ...snapshot } };
      case 'confirm':
        return { from, frame: { kind, ...place } };
      default:
        return { from, frame: { kind, ...place, stamp: epoch } };
    }
  });

const traffic = fc.array(fc.oneof(arrival, near, near, honest, honest, replication), { minLength: 1, maxLength: 40 });
const consistency = fc.constantFrom(BSP, sspOf(2), ASYNC);

const mapWith = (chain: number[], counter = 2, learners: number[] = []) =>
  mapOf({ epoch: epochOf(counter), tables: TABLES, chain, learners, workers: WORKERS, servers: [8, 9] });

const shardWith = (chain: number[], schedule: Parameters<typeof scheduleOf>[0], learners: number[] = []) =>
  new TestShard(SELF, mapWith(chain, 2, learners), scheduleOf(schedule), shardPlanOf({ tables: TABLES }));

/** Chains in which the shard owns, leads, follows, follows in the middle, learns. */
const roles = fc.constantFrom<[number[], number[]]>([[9], []], [[9, 8], []], [[8, 9], []], [[8, 9, 7], []], [[8], [9]]);

describe('whatever arrives, a shard', () => {
  it('never throws, in any role, under any consistency', () => {
    fc.assert(
      fc.property(roles, consistency, traffic, ([chain, learners], schedule, arrivals) => {
        const shard = shardWith(chain, schedule, learners);
        for (const { from, frame } of arrivals) shard.take(frame, from);
        shard.setMap(mapWith(chain, 3, learners));
        shard.setMap(mapWith([9], 4));
        shard.setSchedule(scheduleOf(ASYNC));
      }),
      { numRuns: 400 },
    );
  });

  it('never throws before it knows anything', () => {
    fc.assert(
      fc.property(traffic, (arrivals) => {
        const shard = new TestShard(SELF, mapWith([9]), scheduleOf(BSP), shardPlanOf({ run: 5, tables: TABLES }));
        for (const { from, frame } of arrivals) shard.take(frame, from);
        expect(shard.core.segments()).toEqual([]);
      }),
    );
  });

  it('changes nothing for a frame that it refuses', () => {
    fc.assert(
      fc.property(consistency, traffic, (schedule, arrivals) => {
        const shard = shardWith([9], schedule);
        for (const { from, frame } of arrivals) {
          const before = shard.state();
          if (wordsOf(shard.take(frame, from)).some((word) => word.startsWith('refuse'))) {
            expect(shard.state()).toEqual(before);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('moves parameters only by pushes of active workers in their own name, in this epoch', () => {
    fc.assert(
      fc.property(consistency, traffic, (schedule, arrivals) => {
        const shard = shardWith([9], schedule);
        const map = mapWith([9]);
        for (const { from, frame } of arrivals) {
          const before = shard.core.segments().map(({ segment }) => segment.state().values.slice());
          shard.take(frame, from);
          const after = shard.core.segments().map(({ segment }) => segment.state().values);
          const isMoved = after.some((values, index) => values.some((value, at) => value !== before[index]?.[at]));
          if (!isMoved) continue;
          // A pull may complete a clock by saying that its worker is past it.
          if (frame.kind !== 'push' && frame.kind !== 'pull') expect.fail(`${frame.kind} moved parameters`);
          expect([frame.worker.node, frame.epoch]).toEqual([from, epochOf(2)]);
          expect(isActive(map, frame.worker)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('follows its predecessor only: nobody else moves a replica', () => {
    fc.assert(
      fc.property(traffic, (arrivals) => {
        const shard = shardWith([8, 9], BSP);
        const before = shard.state();
        for (const { from, frame } of arrivals) if (from !== OTHER) shard.take(frame, from);
        expect(shard.state()).toEqual(before);
      }),
    );
  });

  it('never answers or acknowledges as a replica', () => {
    fc.assert(
      fc.property(traffic, (arrivals) => {
        const shard = shardWith([8, 9, 7], BSP);
        for (const { from, frame } of arrivals) {
          for (const word of wordsOf(shard.take(frame, from))) expect(['answer', 'ack']).not.toContain(word);
        }
      }),
    );
  });

  it('acknowledges only pushes that its clocks contain', () => {
    fc.assert(
      fc.property(consistency, traffic, (schedule, arrivals) => {
        const shard = shardWith([9], schedule);
        for (const { from, frame } of arrivals) {
          for (const sent of shard.take(frame, from)) {
            if (sent.kind !== 'ack') continue;
            const hosted = shard.core.segments()[sent.table];
            expect(hosted?.segment.clocks.get(sent.worker)).toBeGreaterThanOrEqual(sent.clock);
          }
        }
      }),
    );
  });

  it('ends where honest traffic alone would have ended: what is refused leaves no trace', () => {
    // Only frames that are wrong in themselves: of strangers, or in another's name. A stranger may read, though.
    const isStrange = ({ worker }: Push | Pull, from: number) =>
      worker.node !== from || !isActive(mapWith([9]), worker);
    const isWrong = ({ from, frame }: Arrival) =>
      frame.kind === 'push' ? isStrange(frame, from) : frame.kind !== 'pull' || frame.worker.node !== from;
    fc.assert(
      fc.property(consistency, traffic, fc.array(honest, { maxLength: 12 }), (schedule, noise, work) => {
        const [noisy, quiet] = [shardWith([9], schedule), shardWith([9], schedule)];
        const wrong = noise.filter(isWrong);
        for (const [index, { from, frame }] of work.entries()) {
          const one = wrong[index];
          if (one !== undefined) noisy.take(one.frame, one.from);
          expect(noisy.take(frame, from)).toEqual(quiet.take(frame, from));
        }
        expect(noisy.state()).toEqual(quiet.state());
      }),
      { numRuns: 300 },
    );
  });
});
