import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARAMETERS, MAX_PLACEMENTS, MAX_SEGMENTS, MAX_TABLES, MAX_WIDTH } from '../protocol/limits.ts';
import { cutSegments, InvalidTable, SEGMENT_FLOATS } from './table.ts';
import { tableOf } from './testing.ts';

const sizes = fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 100 }));

describe('the segments of tables', () => {
  it('of a small table are one', () => {
    expect(cutSegments([tableOf(10, 3)])).toEqual([{ table: 0, segment: 0, start: 0, end: 10, floats: 30 }]);
  });

  it('are as many as it takes, each about as large', () => {
    expect(cutSegments([tableOf(2 * SEGMENT_FLOATS + 1)])).toEqual([
      { table: 0, segment: 0, start: 0, end: 10_923, floats: 10_923 },
      { table: 0, segment: 1, start: 10_923, end: 21_846, floats: 10_923 },
      { table: 0, segment: 2, start: 21_846, end: 32_769, floats: 10_923 },
    ]);
  });

  it('never cut a row', () => {
    const ranges = cutSegments([tableOf(3, MAX_WIDTH)]);
    expect(ranges.map(({ floats }) => floats)).toEqual([MAX_WIDTH, MAX_WIDTH, MAX_WIDTH]);
  });

  it('cover every key of every table exactly once, in order', () => {
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), (list) => {
        const ranges = cutSegments(list.map(([keys, width]) => tableOf(keys, width)));
        for (const [table, [keys, width]] of list.entries()) {
          const own = ranges.filter((range) => range.table === table);
          expect([own[0]?.start, own.at(-1)?.end]).toEqual([0, keys]);
          for (const [index, { start, end, segment, floats }] of own.entries()) {
            expect([segment, floats]).toEqual([index, (end - start) * width]);
            expect(end).toBeGreaterThan(start);
            if (index > 0) expect(start).toBe(own[index - 1]?.end);
          }
        }
      }),
    );
  });

  it('are within one row of each other in size', () => {
    fc.assert(
      fc.property(sizes, ([keys, width]) => {
        const rows = cutSegments([tableOf(keys, width)]).map(({ start, end }) => end - start);
        expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are no more than the wire can name, however large the table', () => {
    const ranges = cutSegments([tableOf(MAX_PARAMETERS)]);
    expect(ranges).toHaveLength(MAX_SEGMENTS);
    expect(ranges.at(-1)?.end).toBe(MAX_PARAMETERS);
  });

  it.each([
    ['no keys', 0, 1],
    ['half a key', 1.5, 1],
    ['more keys than a u32 can name', 2 ** 32 + 1, 1],
    ['NaN keys', Number.NaN, 1],
    ['no floats', 1, 0],
    ['half a float', 1, 0.5],
    ['rows that are too wide', 1, MAX_WIDTH + 1],
  ])('of a table with %s do not exist', (_, keys, width) => {
    expect(() => cutSegments([tableOf(keys, width)])).toThrow(InvalidTable);
    expect(() => cutSegments([tableOf(4), tableOf(keys, width, { kind: 'zeros' }, 'bad')])).toThrow(/Table bad/);
  });

  it('need a table, and not too many', () => {
    const tables = (count: number) => Array.from({ length: count }, () => tableOf(1));
    expect(() => cutSegments([])).toThrow(InvalidTable);
    expect(cutSegments(tables(MAX_TABLES))).toHaveLength(MAX_TABLES);
    expect(() => cutSegments(tables(MAX_TABLES + 1))).toThrow(InvalidTable);
  });

  it('hold no more values together than tabs could', () => {
    expect(() => cutSegments([tableOf(MAX_PARAMETERS / 2, 2)])).not.toThrow();
    expect(() => cutSegments([tableOf(MAX_PARAMETERS / 2 + 1, 2)])).toThrow(/268435458 values/);
  });

  it('are together no more than a cluster map can hold', () => {
    const half = tableOf(((MAX_PLACEMENTS / 2) * SEGMENT_FLOATS) | 0);
    expect(cutSegments([half, half])).toHaveLength(MAX_PLACEMENTS);
    expect(() => cutSegments([half, half, tableOf(1)])).toThrow(InvalidTable);
  });
});
