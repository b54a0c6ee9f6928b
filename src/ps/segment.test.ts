import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from '../protocol/frame-codec.ts';
import type { Snapshot } from '../protocol/frames.ts';
import { joined } from '../protocol/testing.ts';
import { Segment, type SegmentUpdate } from './segment.ts';
import { cutSegments, SEGMENT_FLOATS, type TableSpec } from './table.ts';
import { epochOf, tableOf, workerOf } from './testing.ts';
import { createUpdater } from './updaters/create-updater.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

const SGD: UpdaterSpec = { kind: 'sgd' };
const SPECS: UpdaterSpec[] = [
  SGD,
  { kind: 'momentum', beta: 0.9, nesterov: true },
  { kind: 'adagrad', epsilon: 1e-8 },
  { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { kind: 'ftrl', beta: 1, l1: 0.01, l2: 0.1 },
];

/** Segment `index` of a table, initialised. */
function segmentOf(spec: TableSpec, index = 0, updater = SGD, seed = 7): Segment {
  const range = cutSegments([spec])[index];
  if (range === undefined) throw new RangeError(`no segment ${index}`);
  const segment = new Segment(range, spec.width, createUpdater(updater));
  segment.initialise(spec, seed);
  return segment;
}

const update = (values: number[], change: Partial<SegmentUpdate> = {}): SegmentUpdate => ({
  learningRate: 1,
  weight: 1,
  hasGradient: true,
  advances: [],
  keys: null,
  values: Float32Array.from(values),
  ...change,
});

/** Applies an update in an epoch that most tests don't care about. */
const apply = (segment: Segment, one: SegmentUpdate, epoch = epochOf(1)) => segment.apply(one, epoch);

/** What the next holder of a segment gets, through the wire. */
function sent(segment: Segment, isComplete = true): Snapshot {
  const frame = { kind: 'snapshot', epoch: epochOf(1), ...segment.toSnapshot(isComplete) } as const;
  const arrived = decodeFrame(joined(encodeFrame(frame)));
  if (arrived.kind !== 'snapshot') throw new Error('not a snapshot');
  return arrived;
}

const rows = (segment: Segment) => [...segment.read(null)];
const uniform = (keys: number, width = 1) => tableOf(keys, width, { kind: 'uniform', scale: 0.5 });

describe('the first rows', () => {
  it('are zeros where the table says so', () => {
    expect(rows(segmentOf(tableOf(3)))).toEqual([0, 0, 0]);
  });

  it('never change: a run can be repeated, and golden', () => {
    expect(rows(segmentOf(uniform(3)))).toEqual([0.4294944703578949, -0.22086544334888458, 0.0890810564160347]);
    expect(rows(segmentOf(uniform(3)))).toEqual(rows(segmentOf(uniform(3))));
  });

  it('depend on the seed and on nothing but seed, table, key and column', () => {
    expect(rows(segmentOf(uniform(3), 0, SGD, 8))).not.toEqual(rows(segmentOf(uniform(3))));
    expect(rows(segmentOf(uniform(9))).slice(0, 3)).toEqual(rows(segmentOf(uniform(3))));
    // Key 1 of two columns holds what keys 2 and 3 of one column hold.
    expect([...segmentOf(uniform(2, 2)).read(Uint32Array.of(1))]).toEqual(rows(segmentOf(uniform(4))).slice(2));
  });

  it('are the same whatever segment a key lies in', () => {
    const large = uniform(2 * SEGMENT_FLOATS);
    const [first, second] = [segmentOf(large, 0), segmentOf(large, 1)];
    const small = segmentOf(uniform(SEGMENT_FLOATS), 0);
    expect(first.read(null)).toEqual(small.read(null));
    expect(second.read(null)).not.toEqual(first.read(null));
    expect(second.range.start).toBe(SEGMENT_FLOATS);
  });

  it('are uniform in [-scale, scale)', () => {
    const values = segmentOf(uniform(SEGMENT_FLOATS)).read(null);
    const counts = Array<number>(16).fill(0);
    let sum = 0;
    for (const value of values) {
      expect(value >= -0.5 && value < 0.5).toBe(true);
      const cell = Math.floor((value + 0.5) * 16);
      counts[cell] = (counts[cell] ?? 0) + 1;
      sum += value;
    }
    // 16,384 draws in 16 cells: 1,024 each, standard deviation 31.
    for (const count of counts) expect(Math.abs(count - 1_024)).toBeLessThan(4 * 31);
    // Standard deviation of the mean: 1/√12/√16384 = 0.00226.
    expect(Math.abs(sum / values.length)).toBeLessThan(0.009);
  });
});

describe('an update', () => {
  it('of a whole range moves every row', () => {
    const segment = segmentOf(tableOf(2, 2));
    apply(segment, update([1, 2, 3, 4], { learningRate: 0.5 }));
    expect(rows(segment)).toEqual([-0.5, -1, -1.5, -2]);
  });

  it('of some keys moves their rows only', () => {
    const spec = tableOf(2 * SEGMENT_FLOATS);
    const segment = segmentOf(spec, 1);
    const keys = Uint32Array.of(SEGMENT_FLOATS, SEGMENT_FLOATS + 3);
    apply(segment, update([1, 2], { keys }));
    expect(rows(segment).slice(0, 5)).toEqual([-1, 0, 0, -2, 0]);
    expect(rows(segment).filter((value) => value !== 0)).toHaveLength(2);
  });

  it('counts as one version, with a gradient or without', () => {
    const segment = segmentOf(tableOf(1));
    apply(segment, update([1]));
    apply(segment, update([5], { hasGradient: false }));
    expect([segment.version, rows(segment)]).toEqual([2, [-1]]);
  });

  it('of a worker moves its clock', () => {
    const segment = segmentOf(tableOf(1));
    segment.clocks.setWorkers([workerOf(1), workerOf(2)]);
    apply(segment, update([1], { advances: [{ worker: workerOf(1), clock: 0 }] }));
    expect(segment.clockSnapshot()).toEqual({ floor: -1, ahead: [{ node: 1, clock: 0 }] });
  });

  it('without rows still advances the optimiser: a clock in which a segment was not touched', () => {
    const adam = segmentOf(tableOf(1), 0, { kind: 'adam', beta1: 0.5, beta2: 0.5, epsilon: 1e-8 });
    apply(adam, update([]));
    expect([...adam.state().scalars]).toEqual([0.5, 0.5]);
    apply(adam, update([], { hasGradient: false }));
    expect([...adam.state().scalars]).toEqual([0.5, 0.5]);
  });
});

describe('what was read', () => {
  it('does not change with later updates', () => {
    const segment = segmentOf(tableOf(2));
    const [all, some] = [segment.read(null), segment.read(Uint32Array.of(1))];
    apply(segment, update([1, 1]));
    expect([...all, ...some]).toEqual([0, 0, 0]);
    expect(rows(segment)).toEqual([-1, -1]);
  });

  it('is one copy for all readers of a version', () => {
    const segment = segmentOf(tableOf(2));
    expect(segment.read(null)).toBe(segment.read(null));
    apply(segment, update([1, 1]));
    expect(segment.read(null)).toBe(segment.read(null));
  });

  it('is the rows of the keys, in their order', () => {
    const segment = segmentOf(uniform(5, 2));
    const all = rows(segment);
    expect([...segment.read(Uint32Array.of(1, 4))]).toEqual([all[2], all[3], all[8], all[9]]);
    expect([...segment.read(new Uint32Array(0))]).toEqual([]);
  });
});

describe('rows that a segment accepts', () => {
  const segment = segmentOf(tableOf(2 * SEGMENT_FLOATS), 1);
  const start = SEGMENT_FLOATS;
  const wide = segmentOf(tableOf(3, 2));
  const keys = (...list: number[]) => Uint32Array.from(list);

  it('are none, or all of them', () => {
    const lengths = [0, 1, SEGMENT_FLOATS - 1, SEGMENT_FLOATS, SEGMENT_FLOATS + 1];
    const accepted = lengths.filter((length) => segment.accepts({ keys: null, values: new Float32Array(length) }));
    expect(accepted).toEqual([0, SEGMENT_FLOATS]);
  });

  it('have as many values as keys and columns', () => {
    const accepted = [0, 2, 3, 4, 5, 6].filter((length) =>
      wide.accepts({ keys: keys(0, 2), values: new Float32Array(length) }),
    );
    expect(accepted).toEqual([4]);
    expect(wide.accepts({ keys: keys(), values: new Float32Array(0) })).toBe(true);
  });

  it.each<[boolean, number[]]>([
    [true, []],
    [true, [start]],
    [true, [start, start + 1, 2 * start - 1]],
    [false, [start - 1]],
    [false, [0]],
    [false, [2 * start]],
    [false, [0xffff_ffff]],
    [false, [start + 1, start]],
    [false, [start + 1, start + 1]],
  ])('have ascending keys of the range: %s for %j', (isAccepted, list) => {
    expect(segment.acceptsKeys(keys(...list))).toBe(isAccepted);
  });
});

describe.each(SPECS)('a copy of a segment under $kind', (spec) => {
  /** A segment with some history, in the rows and in the optimiser. */
  function trained(): Segment {
    const segment = segmentOf(uniform(6, 2), 0, spec);
    segment.clocks.setWorkers([workerOf(1), workerOf(2, 5)]);
    const all = Array.from({ length: 12 }, (_, at) => Math.sin(at) / 3);
    apply(segment, update(all, { learningRate: 0.1, advances: [{ worker: workerOf(1), clock: 0 }] }));
    apply(segment, update([0.3, -0.7], { keys: Uint32Array.of(4), learningRate: 0.1, weight: 0.5 }), epochOf(3, 2));
    return segment;
  }

  const copyOf = (snapshot: Snapshot) => {
    const copy = segmentOf(tableOf(6, 2), 0, spec);
    expect(copy.adopt(snapshot, [workerOf(1), workerOf(2, 5)])).toBe(true);
    return copy;
  };

  it('has every byte of it: rows, optimiser state, version, stamp and clocks', () => {
    const original = trained();
    const copy = copyOf(sent(original));
    expect(copy.state()).toEqual(original.state());
    expect([copy.version, copy.stamp, copy.clocks.list()]).toEqual([2, epochOf(3, 2), original.clocks.list()]);
    expect(copy.read(null)).toEqual(original.read(null));
  });

  it('stays equal under the same updates, whoever is read', () => {
    const original = trained();
    const copy = copyOf(sent(original));
    for (let step = 0; step < 5; step++) {
      const next = update([step, 1], { keys: Uint32Array.of(step), learningRate: 0.3 });
      apply(original, next);
      apply(copy, next);
      if (step % 2 === 0) original.read(null);
    }
    expect(copy.read(null)).toEqual(original.read(null));
    expect(copy.state().slots).toEqual(original.state().slots);
  });

  it('is its own: neither feels the other, nor does what was sent', () => {
    const original = trained();
    const before = structuredClone(original.state());
    const snapshot = { kind: 'snapshot', epoch: epochOf(1), ...original.toSnapshot(true) } as const;
    const copy = copyOf(snapshot);
    apply(copy, update([9, 9], { keys: Uint32Array.of(0) }));
    expect(original.state()).toEqual(before);
    apply(original, update([9, 9], { keys: Uint32Array.of(1) }));
    const { values, slots, scalars } = snapshot;
    expect({ values, slots, scalars }).toEqual(before);
  });
});

describe('a snapshot', () => {
  it('without values is enough for who has the same history, and moves its clocks only', () => {
    const segment = segmentOf(uniform(3));
    segment.clocks.setWorkers([workerOf(1)]);
    segment.clocks.advance(workerOf(1), 4);
    const copy = segmentOf(uniform(3));
    const before = rows(copy);
    expect(copy.adopt(sent(segment, false), [workerOf(1)])).toBe(true);
    expect([rows(copy), copy.clocks.floor()]).toEqual([before, 4]);
  });

  it('without values does not fit another version, nor the same version of another history', () => {
    const [segment, late, other, same] = [1, 2, 3, 4].map(() => segmentOf(uniform(3)));
    if (!segment || !late || !other || !same) throw new RangeError('four segments');
    apply(segment, update([1, 1, 1]), epochOf(1));
    apply(other, update([2, 2, 2]), epochOf(2));
    apply(same, update([1, 1, 1]), epochOf(1));
    expect([late, other, same].map((copy) => copy.isAt(segment.version, segment.stamp))).toEqual([false, false, true]);
    expect([late, other, same].map((copy) => copy.adopt(sent(segment, false), []))).toEqual([false, false, true]);
    expect(rows(other)).not.toEqual(rows(segment));
  });

  it.each<[string, Partial<Snapshot>]>([
    ['too many values', { values: new Float32Array(4) }],
    ['too few slots', { slots: [] }],
    ['too many scalars', { scalars: new Float64Array(3) }],
  ])('with %s is refused and changes nothing', (_, change) => {
    const adam: UpdaterSpec = { kind: 'adam', beta1: 0.9, beta2: 0.9, epsilon: 1e-8 };
    const [segment, copy] = [segmentOf(uniform(3), 0, adam), segmentOf(uniform(3), 0, adam)];
    apply(segment, update([1, 2, 3]));
    const before = structuredClone(copy.state());
    expect(copy.adopt({ ...sent(segment), ...change }, [workerOf(1)])).toBe(false);
    expect(copy.state()).toEqual(before);
    expect([copy.version, copy.clocks.list()]).toEqual([0, []]);
  });

  it('starts workers that it does not know at its floor', () => {
    const segment = segmentOf(uniform(3));
    segment.clocks.setWorkers([workerOf(1)]);
    segment.clocks.advance(workerOf(1), 6);
    const copy = segmentOf(uniform(3));
    copy.adopt(sent(segment), [workerOf(1), workerOf(2)]);
    expect(copy.clocks.get(workerOf(2))).toBe(6);
  });
});
