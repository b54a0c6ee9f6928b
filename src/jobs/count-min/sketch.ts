// The sketch itself: which cells an item falls into, adding up, estimating, and what is promised of an estimate.
import { hash32, mix32 } from '../../random.ts';
import type { TableValues } from '../job.ts';
import { KeyIndex } from '../key-index.ts';

export interface SketchShape {
  /** Cells in a row. */
  readonly width: number;
  /** Rows, each with a hash of its own. */
  readonly depth: number;
}

/** ε: an estimate is at most ε·N too high … (Cormode and Muthukrishnan 2005, theorem 1: width = ⌈e/ε⌉). */
export const errorShare = ({ width }: SketchShape): number => Math.E / width;

/** δ: … but with this probability (depth = ⌈ln 1/δ⌉). */
export const failureShare = ({ depth }: SketchShape): number => Math.exp(-depth);

/** An odd multiplier for each row, so that rows mix items differently. */
const multiplierOf = (row: number): number => hash32(0xc0, row) | 1;

/** Key of the cell of `item` in `row`: rows lie end to end. */
export const cellOf = (item: number, row: number, { width }: SketchShape): number =>
  row * width + (mix32(Math.imul(item + 1, multiplierOf(row))) % width);

/** Cells to read for estimates of some items and their bound, ascending and unique: theirs, and the first row for N. */
export function cellsToJudge(items: Uint32Array, shape: SketchShape): Uint32Array {
  const cells = new Set<number>(Array.from({ length: shape.width }, (_, cell) => cell));
  for (const item of items) for (let row = 0; row < shape.depth; row++) cells.add(cellOf(item, row, shape));
  return Uint32Array.from(cells).sort();
}

/** Reads estimates out of cells that were pulled: all of them, or those of some items. */
export class Estimator {
  private readonly index: KeyIndex | null;

  constructor(
    private readonly shape: SketchShape,
    private readonly cells: TableValues,
  ) {
    this.index = cells.keys === null ? null : KeyIndex.of(cells.keys);
  }

  /** The least of the item's cells. */
  of(item: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let row = 0; row < this.shape.depth; row++) {
      const cell = cellOf(item, row, this.shape);
      const place = this.index === null ? cell : this.index.position(cell);
      least = Math.min(least, this.cells.values[place] ?? 0);
    }
    return least;
  }
}

/** Adds up what goes into a table of single values, and gives it away as one push. Nothing is allocated per item. */
export class Adder {
  protected readonly sums: Float32Array;
  private touched = 0;

  constructor(keys: number) {
    this.sums = new Float32Array(keys);
  }

  add(key: number, times: number): void {
    const before = this.sums[key] as number;
    if (before === 0) this.touched++;
    this.sums[key] = before + times;
  }

  /** What was added since the last call: rows of their keys, or all where that is shorter. */
  take(): TableValues {
    const { sums, touched } = this;
    this.touched = 0;
    // A key and its value take 8 bytes, a value alone 4.
    if (2 * touched >= sums.length) {
      const values = sums.slice();
      sums.fill(0);
      return { keys: null, values };
    }
    const keys = new Uint32Array(touched);
    const values = new Float32Array(touched);
    let at = 0;
    for (let key = 0; key < sums.length; key++) {
      const sum = sums[key] as number;
      if (sum === 0) continue;
      keys[at] = key;
      values[at++] = sum;
      sums[key] = 0;
    }
    return { keys, values };
  }
}

/** Adds items into the cells of a sketch. */
export class CellAdder extends Adder {
  private readonly multipliers: Int32Array;

  constructor(private readonly shape: SketchShape) {
    super(shape.width * shape.depth);
    this.multipliers = Int32Array.from({ length: shape.depth }, (_, row) => multiplierOf(row));
  }

  /** `times` occurrences of one item: the same cells as `cellOf`'s. */
  addItem(item: number, times: number): void {
    const { width } = this.shape;
    for (let row = 0; row < this.multipliers.length; row++) {
      this.add(row * width + (mix32(Math.imul(item + 1, this.multipliers[row] as number)) % width), times);
    }
  }
}
