// Facts about what a worker adds to what it pulls: its own drifts, each where a segment did not have it yet.
import { expect, test } from 'vitest';
import { segmentKey } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { cutSegments, SEGMENT_FLOATS } from '../ps/table.ts';
import { OwnWrites } from './own-writes.ts';

/** Two segments of two rows each. */
const WIDTH = SEGMENT_FLOATS / 2;
const table = { name: 'w', keys: 4, width: WIDTH, init: { kind: 'zeros' }, shape: [4, WIDTH] } as const;
const [FIRST, SECOND] = [segmentKey(0, 0), segmentKey(0, 1)];

/** What was pulled of a table that is 10 everywhere, where the segments have this worker's clocks. */
const pulledAt = (first: number, second: number) => ({
  tables: [new Float32Array(4 * WIDTH).fill(10)],
  ownClocks: new Map([
    [FIRST, first],
    [SECOND, second],
  ]),
  readFronts: new Map(),
  floor: 0,
  isHeldBack: false,
});

const drift = (size: number) => [{ keys: null, values: new Float32Array(4 * WIDTH).fill(size) }];

/** The values of both segments, each of which is the same everywhere. */
function added(writes: OwnWrites, first: number, second: number, keys: Uint32Array | null = null): number[] {
  const pulled = pulledAt(first, second);
  writes.addTo(pulled, [keys]);
  const [values = new Float32Array()] = pulled.tables;
  const parts = [values.subarray(0, 2 * WIDTH), values.subarray(2 * WIDTH)];
  for (const part of parts) expect(new Set(part).size).toBe(1);
  return parts.map((part) => part[0] ?? Number.NaN);
}

function written(...clocks: number[]): OwnWrites {
  const writes = new OwnWrites([table]);
  clocks.forEach((clock, at) => {
    writes.note(clock, drift(2 ** at));
  });
  return writes;
}

test('the table has two segments', () => {
  expect(cutSegments([table]).map(({ start, end }) => [start, end])).toEqual([
    [0, 2],
    [2, 4],
  ]);
});

test('a segment that has not seen the last rounds is put where the worker has gone in them', () => {
  expect(added(written(3, 7), -1, -1)).toEqual([10 - 1 - 2, 10 - 1 - 2]);
  expect(added(written(3, 7), 3, -1)).toEqual([10 - 2, 10 - 1 - 2]);
  expect(added(written(3, 7), 7, 3)).toEqual([10, 10 - 2]);
  expect(added(written(3, 7), 7, 7)).toEqual([10, 10]);
});

test('what only one segment has is kept for the other', () => {
  const writes = written(3, 7);
  expect(added(writes, 7, -1)).toEqual([10, 7]);
  expect(added(writes, 7, 3)).toEqual([10, 8]);
});

test('segments that were not asked stay as they are', () => {
  const writes = written(3);
  const pulled = { ...pulledAt(-1, -1), ownClocks: new Map([[SECOND, 3]]) };
  writes.addTo(pulled, [null]);
  expect(new Set(pulled.tables[0])).toEqual(new Set([10]));
  // Nothing is known of the first one yet.
  expect(added(writes, -1, 3)).toEqual([9, 10]);
});

test('of some keys those rows change that were gone along, where their segment had not seen it', () => {
  const writes = new OwnWrites([table]);
  const rows = (...sizes: number[]) =>
    Float32Array.from({ length: sizes.length * WIDTH }, (_, at) => sizes[Math.floor(at / WIDTH)] ?? 0);
  writes.note(3, [{ keys: Uint32Array.of(1, 2), values: rows(1, 2) }]);
  writes.note(7, [{ keys: Uint32Array.of(0, 2, 3), values: rows(4, 8, 16) }]);
  const pull = (first: number, second: number, keys: number[]) => {
    const values = new Float32Array(keys.length * WIDTH).fill(100);
    writes.addTo({ ...pulledAt(first, second), tables: [values] }, [Uint32Array.from(keys)]);
    return keys.map((_, row) => {
      const part = new Set(values.subarray(row * WIDTH, (row + 1) * WIDTH));
      expect(part.size).toBe(1);
      return [...part][0];
    });
  };
  expect(pull(-1, -1, [0, 1, 2, 3])).toEqual([96, 99, 90, 84]);
  expect(pull(3, -1, [0, 1, 2])).toEqual([96, 100, 90]);
  expect(pull(7, 3, [1, 2, 3])).toEqual([100, 92, 84]);
});

test('no more is kept than may be under way', () => {
  const clocks = Array.from({ length: MAX_UNACKED_CLOCKS + 3 }, (_, at) => at);
  const kept = clocks.slice(-(MAX_UNACKED_CLOCKS + 1)).reduce((sum, at) => sum + 2 ** at, 0);
  expect(added(written(...clocks), -1, -1)).toEqual([10 - kept, 10 - kept]);
});
