import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RingPush } from '../protocol/ring-frames.ts';
import { addPart, flawOfRingPush, type OwnPart, placeIn, pushesOf, type RingRule } from './ring-push.ts';
import { epochOf, mapOf, tableOf, workerOf } from './testing.ts';

const RULE: RingRule = { combine: 'mean', batch: 64, steps: 100 };
const WORKERS = [workerOf(1), workerOf(2), workerOf(3), workerOf(4)];
const MAP = mapOf({ workers: WORKERS, servers: [3], chain: [3] });

const ownOf = (node: number, samples: number, values: readonly number[]): OwnPart => ({
  worker: workerOf(node),
  settled: 5,
  clock: 5,
  samples,
  values: Float32Array.from(values),
});

const beginWith = ({ worker, settled, samples, clock, values }: OwnPart): RingPush => {
  const place = { epoch: epochOf(1), table: 0, segment: 0, clock };
  return { kind: 'ringPush', ...place, parts: [{ worker, settled, samples }], values: values.slice() };
};

/** All the way round. */
function sumOf(parts: readonly OwnPart[], combine: RingRule['combine']): RingPush {
  const [first, ...others] = parts;
  if (first === undefined) throw new Error('nobody');
  return others.reduce((sum, own) => addPart(sum, own, combine) ?? expect.fail('not finite'), beginWith(first));
}

describe('a gradient that goes round', () => {
  it('is the mean of all, weighted by samples', () => {
    const parts = [ownOf(4, 10, [1, 0]), ownOf(1, 30, [3, 4]), ownOf(2, 0, []), ownOf(3, 40, [0, 1])];
    const sum = sumOf(parts, 'mean');
    // (10·1 + 30·3 + 40·0) / 80 and (30·4 + 40·1) / 80.
    expect(sum.values[0]).toBeCloseTo(100 / 80, 6);
    expect(sum.values[1]).toBeCloseTo(160 / 80, 6);
    expect(sum.parts.map(({ worker, samples }) => [worker.node, samples])).toEqual([
      [4, 10],
      [1, 30],
      [2, 0],
      [3, 40],
    ]);
  });

  it('is the sum of all where the updater adds, whatever the samples', () => {
    const sum = sumOf([ownOf(1, 1, [1, 2]), ownOf(2, 7, [10, 20]), ownOf(3, 3, [100, 200])], 'sum');
    expect([...sum.values]).toEqual([111, 222]);
  });

  it('agrees with the closed form for any parts', () => {
    const part = fc.tuple(fc.nat(64), fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (list) => {
        const parts = list.map(([samples, values], at) => ownOf(at + 1, samples, samples === 0 ? [] : values));
        const total = list.reduce((sum, [samples]) => sum + samples, 0);
        const { values } = sumOf(parts, 'mean');
        expect(values.length).toBe(total === 0 ? 0 : 3);
        values.forEach((value, at) => {
          const exact = list.reduce((sum, [samples, row]) => sum + samples * (row[at] ?? 0), 0) / total;
          expect(Math.abs(value - exact)).toBeLessThan(1e-4);
        });
      }),
    );
  });

  it('goes no further with what is no number', () => {
    const sum = beginWith(ownOf(1, 4, [1, 2]));
    expect(addPart(sum, ownOf(2, 4, [Number.NaN, 0]), 'mean')).toBeNull();
    expect(addPart(beginWith(ownOf(1, 4, [1, 2])), ownOf(2, 4, [Infinity, 0]), 'sum')).toBeNull();
    expect(addPart(beginWith(ownOf(1, 0, [])), ownOf(2, 4, [Number.NaN, 0]), 'mean')).toBeNull();
  });
});

describe('a push of several', () => {
  it('stands for one push of each, with the gradient in the first', () => {
    const pushes = pushesOf(sumOf([ownOf(4, 10, [1, 2]), ownOf(1, 30, [1, 2])], 'mean'));
    expect(
      pushes.map(({ worker, clock, settled, samples, values }) => [
        worker.node,
        clock,
        settled,
        samples,
        values.length,
      ]),
    ).toEqual([
      [4, 5, 5, 40, 2],
      [1, 5, 5, 0, 0],
    ]);
  });

  it.each([
    ['none', {}],
    ['bad-clock', { clock: 100 }],
    ['bad-clock', { clock: -1 }],
    ['bad-clock', { clock: 4 }],
    ['bad-keys', { values: new Float32Array(3) }],
    ['bad-keys', { values: new Float32Array(0) }],
    ['not-a-worker', { parts: [{ worker: workerOf(1, 9), settled: 0, samples: 1 }] }],
    ['not-a-worker', { parts: [1, 1].map((node) => ({ worker: workerOf(node), settled: 0, samples: 1 })) }],
    ['bad-samples', { parts: [{ worker: workerOf(1), settled: 0, samples: 65 }] }],
  ])('%s', (flaw, change) => {
    const push = sumOf([ownOf(4, 10, [1, 2]), ownOf(1, 30, [1, 2])], 'mean');
    expect(flawOfRingPush({ ...push, ...change }, MAP, RULE, 2)).toBe(flaw);
  });
});

describe('the ring of a segment', () => {
  const walk = (map: typeof MAP, index: number) =>
    WORKERS.map((worker) => placeIn(map, index, worker)).map((place) => place && [place.previous, place.next]);

  it('goes by rank and ends in the tab of the owner', () => {
    expect(walk(MAP, 0)).toEqual([
      [4, 2],
      [1, 3],
      [2, 4],
      [3, 1],
    ]);
    expect(WORKERS.map((worker) => placeIn(MAP, 0, worker)?.isLast)).toEqual([false, false, true, false]);
    expect(WORKERS.map((worker) => placeIn(MAP, 0, worker)?.isFirst)).toEqual([false, false, false, true]);
    expect(WORKERS.map((worker) => placeIn(MAP, 0, worker)?.isLastToHear)).toEqual([false, true, false, false]);
  });

  it('ends at another worker for each segment of a server that only serves', () => {
    const tables = [tableOf(16_384 * 6)];
    const map = mapOf({ workers: WORKERS, servers: [9], chain: [9], tables });
    const last = map.placements.map((_, index) => WORKERS.find((worker) => placeIn(map, index, worker)?.isLast)?.node);
    expect(last).toEqual([1, 2, 3, 4, 1, 2]);
  });

  it('is none for one worker alone, for a stranger, or where nobody owns the segment', () => {
    expect(placeIn(mapOf({ workers: [workerOf(1)] }), 0, workerOf(1))).toBeNull();
    expect(placeIn(MAP, 0, workerOf(1, 2))).toBeNull();
    expect(placeIn(MAP, 7, workerOf(1))).toBeNull();
  });
});
