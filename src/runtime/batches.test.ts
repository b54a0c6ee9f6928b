import { describe, expect, it, vi } from 'vitest';
import type { Block, DatasetMeta, DenseBlock, Split } from '../data/dataset.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { Batches, type PickedBatch } from './batches.ts';
import type { RunData } from './run-data.ts';

const [A, B, C] = [nodeId(1), nodeId(2), nodeId(3)];
const SAMPLES = 45;
const split = { samples: SAMPLES, blockSamples: 10, blocks: 5 };

/** A dense block whose samples carry their number in the split, as value and as label. */
function blockOf(index: number): DenseBlock {
  const count = Math.min(10, SAMPLES - index * 10);
  const numbers = Array.from({ length: count }, (_, row) => index * 10 + row);
  return { kind: 'dense', count, features: 1, x: Float32Array.from(numbers), y: Uint32Array.from(numbers) };
}

/** Data that remember which blocks were asked for. */
class FakeData implements RunData {
  readonly meta: DatasetMeta = {
    kind: 'dense',
    name: 'numbers',
    samples: { train: SAMPLES, test: 0 },
    features: 1,
    shape: [1],
    classes: 99,
  };
  readonly splits = { train: split, test: split };
  readonly isOwn: boolean = false;
  readonly asked: number[] = [];
  readonly here = new Set<number>();

  async block(_: Split, index: number): Promise<Block> {
    this.asked.push(index);
    this.here.add(index);
    return blockOf(index);
  }

  isHere(_: Split, index: number): boolean {
    return this.here.has(index);
  }

  holdsAll(): boolean {
    return false;
  }
}

const planOf = (batch: number, isFetched = false) =>
  ({
    seed: 7,
    batch,
    data: {
      name: 'numbers',
      train: split,
      test: split,
      source: isFetched ? { kind: 'blocks', manifest: '' } : { kind: 'generated', seed: 1, samples: null },
    },
  }) as Partial<RunPlan> as RunPlan;

type Runs = ClusterState['leases'][number]['runs'];

/** A cluster with these leases, and these of the holders at work. */
const clusterOf = (leases: [typeof A, Runs][], working = leases.map(([worker]) => worker)) =>
  ({
    leases: leases.map(([worker, runs]) => ({ worker, runs })),
    map: { workers: working.map((node) => ({ node, incarnation: 1 })) },
  }) as Partial<ClusterState> as ClusterState;

const ALL: Runs = [[0, 5, 1]];
const [EVEN, ODD]: [Runs, Runs] = [[[0, 3, 2]], [[1, 2, 2]]];

const labels = (batch: PickedBatch | null) => [...(batch?.block.y ?? [])];
const take = async (batches: Batches, cluster: ClusterState, count: number): Promise<number[]> => {
  const all: number[] = [];
  for (let batch = 0; batch < count; batch++) all.push(...labels(await batches.next(cluster)));
  return all;
};

describe('the batches of a worker', () => {
  it('take every sample of its lease once an epoch, and no others', async () => {
    const cluster = clusterOf([
      [A, EVEN],
      [B, ODD],
    ]);
    const batches = new Batches(planOf(10), new FakeData(), A);
    // Blocks 0, 2 and 4 have 25 samples; half of a batch of 10 is 5.
    const epoch = await take(batches, cluster, 5);
    const expected = [0, 2, 4].flatMap((index) => [...blockOf(index).y]);
    expect(epoch.toSorted((a, b) => a - b)).toEqual(expected);
    expect(epoch).not.toEqual(expected);
  });

  it('carry values and labels of the same samples', async () => {
    const batch = (await new Batches(planOf(8), new FakeData(), A).next(clusterOf([[A, ALL]])))?.block;
    if (batch?.kind !== 'dense') throw new Error('dense');
    expect([...batch.x]).toEqual([...batch.y]);
    expect(batch.count).toBe(8);
  });

  it('say where each sample came from', async () => {
    const batch = await new Batches(planOf(8), new FakeData(), A).next(clusterOf([[A, ALL]]));
    const { blocks, rows } = batch?.picks ?? { blocks: new Uint32Array(0), rows: new Uint32Array(0) };
    expect(Array.from(blocks, (block, at) => blockOf(block).y[rows[at] ?? -1])).toEqual(labels(batch));
  });

  it('are its share of the batch of all workers: the first ranks take what is left over', async () => {
    const leases: [typeof A, Runs][] = [
      [A, [[0, 1, 1]]],
      [B, [[1, 2, 1]]],
      [C, [[3, 2, 1]]],
    ];
    const sizes = [A, B, C].map(
      async (node) => (await new Batches(planOf(11), new FakeData(), node).next(clusterOf(leases)))?.block.count,
    );
    expect(await Promise.all(sizes)).toEqual([4, 4, 3]);
  });

  it('are none where a batch has fewer samples than there are workers, or the lease has no blocks', async () => {
    const small = new Batches(planOf(1), new FakeData(), B);
    expect(
      await small.next(
        clusterOf([
          [A, EVEN],
          [B, ODD],
        ]),
      ),
    ).toBeNull();
    const without = new Batches(planOf(10), new FakeData(), B);
    expect(
      await without.next(
        clusterOf([
          [A, ALL],
          [B, []],
        ]),
      ),
    ).toBeNull();
    expect(await without.next(clusterOf([[A, ALL]]))).toBeNull();
  });

  it('are the same for the same plan, lease and rank', async () => {
    const cluster = clusterOf([[A, ALL]]);
    const run = () => take(new Batches(planOf(5), new FakeData(), A), cluster, 12);
    expect(await run()).toEqual(await run());
  });

  it('prepare, before it is admitted, for the rank that its lease promises', async () => {
    const cluster = clusterOf(
      [
        [A, EVEN],
        [B, ODD],
      ],
      [A],
    );
    expect((await new Batches(planOf(10), new FakeData(), B).next(cluster))?.block.count).toBe(5);
    expect((await new Batches(planOf(10), new FakeData(), A).next(cluster))?.block.count).toBe(10);
  });

  it('follow a changed lease, from its start, in an order of its own', async () => {
    const batches = new Batches(planOf(5), new FakeData(), A);
    const before = await take(batches, clusterOf([[A, ALL]]), 2);
    const after = await take(batches, clusterOf([[A, [[1, 1, 1]]]]), 2);
    expect(after.toSorted((a, b) => a - b)).toEqual([...blockOf(1).y]);
    const again = await take(batches, clusterOf([[A, ALL]]), 2);
    expect(again).not.toEqual(before);
  });

  it('go on where they were while nothing changes for this worker', async () => {
    const [one, other] = [new Batches(planOf(10), new FakeData(), A), new Batches(planOf(10), new FakeData(), A)];
    const two = clusterOf([
      [A, EVEN],
      [B, ODD],
    ]);
    const others = { ...two, clockLimit: 5 };
    expect([...(await take(one, two, 2)), ...(await take(one, others, 2))]).toEqual(await take(other, two, 4));
  });

  it('share two buffers: the one computed on stays while the next is filled', async () => {
    const batches = new Batches(planOf(5), new FakeData(), A);
    const cluster = clusterOf([[A, ALL]]);
    const [first, second, third] = [
      (await batches.next(cluster))?.block,
      (await batches.next(cluster))?.block,
      (await batches.next(cluster))?.block,
    ];
    if (first?.kind !== 'dense' || second?.kind !== 'dense' || third?.kind !== 'dense') throw new Error('dense');
    expect(first.x.buffer).not.toBe(second.x.buffer);
    expect(third.x.buffer).toBe(first.x.buffer);
    expect([...second.x]).toEqual([...second.y]);
  });

  it('are fetched ahead all at once, and made ahead one after the other in tasks of their own', async () => {
    const [made, fetched] = [new FakeData(), new FakeData()];
    for (const batches of [new Batches(planOf(1), made, A), new Batches(planOf(1, true), fetched, A)]) {
      await batches.next(clusterOf([[A, ALL]]));
      batches.prefetch();
    }
    expect([...new Set(fetched.asked)].toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(made.here.size).toBe(1);
    await vi.waitFor(() => expect([...made.here].toSorted()).toEqual([0, 1, 2, 3, 4]));
  });

  it('begin with the blocks that are here where others train already', async () => {
    const data = new FakeData();
    data.here.add(3);
    const batches = new Batches(planOf(10), data, A);
    batches.startAt(null);
    await batches.next(clusterOf([[A, ALL]]));
    expect(new Set(data.asked)).toEqual(new Set([3]));
  });

  it('take over blocks of another in mid-run without waiting for those that are not here', async () => {
    const data = new FakeData();
    const batches = new Batches(planOf(10), data, A);
    const two = clusterOf([
      [A, [[0, 4, 1]]],
      [B, [[4, 1, 1]]],
    ]);
    await take(batches, two, 8);
    data.asked.length = 0;
    await batches.next(clusterOf([[A, ALL]]));
    expect(data.asked).not.toContain(4);
  });
});

describe('the batches of a resumed run', () => {
  const cluster = clusterOf([
    [A, EVEN],
    [B, ODD],
  ]);
  const resumed = { ...planOf(10), from: { clock: 6, parts: [], schedule: [] } };
  const plain = { ...planOf(10), from: null };

  it('are those that the uninterrupted run would take from there on', async () => {
    for (const worker of [A, B]) {
      const whole = await take(new Batches(plain, new FakeData(), worker), cluster, 12);
      const batches = new Batches(resumed, new FakeData(), worker);
      batches.startAt(7);
      expect(await take(batches, cluster, 5)).toEqual(whole.slice(35));
    }
  });

  it('are the first of its lease for a worker that joins later, wherever that is', async () => {
    const takeFrom = async (plan: RunPlan, clock: number | null) => {
      const batches = new Batches(plan, new FakeData(), A);
      batches.startAt(clock);
      return take(batches, cluster, 2);
    };
    const first = await takeFrom(plain, null);
    expect(await takeFrom(resumed, 9)).toEqual(first);
    expect(await takeFrom(plain, 7)).toEqual(first);
  });

  it('are those of a run that begins where it does', async () => {
    const batches = new Batches(plain, new FakeData(), A);
    batches.startAt(0);
    expect(await take(batches, cluster, 2)).toEqual(await take(new Batches(plain, new FakeData(), A), cluster, 2));
  });
});

describe('rounds of more batches than before', () => {
  const taken = async (batches: Batches, cluster: ClusterState, count: number): Promise<DenseBlock[]> => {
    batches.keepAlive(count);
    const found: DenseBlock[] = [];
    for (let at = 0; at < count; at++) {
      const block = (await batches.next(cluster))?.block;
      if (block?.kind === 'dense') found.push(block);
    }
    return found;
  };

  it.each([0, 1, 2, 3, 4, 5])('leave the round alone that is computed on (after %i single ones)', async (singles) => {
    const cluster = clusterOf([[A, ALL]]);
    const batches = new Batches(planOf(4), new FakeData(), A);
    await taken(batches, cluster, 3);
    for (let at = 0; at < singles; at++) await taken(batches, cluster, 1);
    const computedOn = await taken(batches, cluster, 3);
    await taken(batches, cluster, 6);
    expect(computedOn).toHaveLength(3);
    for (const { x, y } of computedOn) expect([...x]).toEqual([...y]);
  });
});
