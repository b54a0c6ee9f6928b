// Who trains on which blocks. A pure function from who had what to who has what: every block leased to exactly one
// worker, loads even, and as few blocks moved as that takes.
/** Block indexes of each worker, ascending. */
export type Leases = ReadonlyMap<number, readonly number[]>;

interface Load {
  readonly worker: number;
  readonly blocks: number[];
  samples: number;
}

/**
 * New leases of blocks 0 to `blockSamples.length - 1` for `workers`, given in rank order. With nothing leased before,
 * block i goes to rank i mod n. Blocks of workers that left go to whoever has the fewest samples; then blocks move from
 * the most loaded to the least loaded while that makes them more even, which is how a newcomer gets its share.
 * Without workers the leases are empty.
 */
export function rebalance(previous: Leases, blockSamples: readonly number[], workers: readonly number[]): Leases {
  const loads = workers.map((worker): Load => ({ worker, blocks: [], samples: 0 }));
  if (loads.length === 0) return new Map();
  const free = keepLeases(previous, blockSamples, loads);
  if (free.length === blockSamples.length) {
    for (const block of free) give(loads[block % loads.length], block, blockSamples);
  } else {
    for (const block of free) give(extremes(loads)[0], block, blockSamples);
  }
  even(loads, blockSamples);
  return new Map(loads.map(({ worker, blocks }) => [worker, blocks.sort((a, b) => a - b)]));
}

/** Gives every remaining worker what it had; returns the blocks that nobody has, ascending. */
function keepLeases(previous: Leases, blockSamples: readonly number[], loads: readonly Load[]): number[] {
  const free = new Set(blockSamples.keys());
  for (const load of loads) {
    for (const block of previous.get(load.worker) ?? []) {
      // A block that two claim, or that is not in this dataset, stays with the first or with nobody.
      if (free.delete(block)) give(load, block, blockSamples);
    }
  }
  return [...free];
}

function give(load: Load | undefined, block: number, blockSamples: readonly number[]): void {
  if (load === undefined) return;
  load.blocks.push(block);
  load.samples += blockSamples[block] ?? 0;
}

/** The least and the most loaded; among equals the lower rank is least and the higher rank most loaded. */
function extremes(loads: readonly Load[]): [Load | undefined, Load | undefined] {
  let [least, most] = [loads[0], loads[0]];
  for (const load of loads) {
    if (load.samples < (least?.samples ?? 0)) least = load;
    if (load.samples >= (most?.samples ?? 0)) most = load;
  }
  return [least, most];
}

/** Ends because every move lowers the sum of the squared loads. */
function even(loads: readonly Load[], blockSamples: readonly number[]): void {
  for (;;) {
    const [least, most] = extremes(loads);
    if (least === undefined || most === undefined) return;
    const gap = most.samples - least.samples;
    const place = most.blocks.findLastIndex((block) => {
      const samples = blockSamples[block] ?? 0;
      return samples > 0 && samples < gap;
    });
    if (place < 0) return;
    for (const block of most.blocks.splice(place, 1)) {
      most.samples -= blockSamples[block] ?? 0;
      give(least, block, blockSamples);
    }
  }
}

/** Evenly spaced block indexes: first, how many, and the step between them. */
export type BlockRun = [first: number, count: number, step: number];

/** Runs that cannot be the lease of a dataset. */
export class BadRuns extends Error {
  override name = 'BadRuns';
}

/** Ascending block indexes as runs: round-robin leases become one run each, so they fit a control message. */
export function toRuns(blocks: readonly number[]): BlockRun[] {
  const runs: BlockRun[] = [];
  let last = 0;
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && (run[1] === 1 || block - last === run[2])) {
      run[2] = block - last;
      run[1]++;
    } else {
      runs.push([block, 1, 1]);
    }
    last = block;
  }
  return runs;
}

/** The block indexes of runs, all below `blockCount` and strictly ascending. Throws `BadRuns`, before allocating. */
export function expandRuns(runs: readonly BlockRun[], blockCount: number): number[] {
  let last = -1;
  for (const [first, count, step] of runs) {
    const end = first + (count - 1) * step;
    // Negated so that NaN and fractions fail too.
    if (!(Number.isInteger(end) && count >= 1 && step >= 1 && first > last && end < blockCount)) {
      throw new BadRuns(`the run of ${count} blocks from ${first} by ${step} is not a lease of ${blockCount} blocks`);
    }
    last = end;
  }
  return runs.flatMap(([first, count, step]) => Array.from({ length: count }, (_, at) => first + at * step));
}
