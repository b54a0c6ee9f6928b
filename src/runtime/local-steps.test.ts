import { describe, expect, test } from 'vitest';
import type { Block } from '../data/dataset.ts';
import type { TableValues, Trainer } from '../jobs/job.ts';
import type { RunPlan } from '../protocol/control.ts';
import { runPlanOf, tableOf } from '../ps/testing.ts';
import type { PickedBatch } from './batches.ts';
import { LocalSteps, unionOfKeys } from './local-steps.ts';
import { Turns } from './turns.ts';

/** Half the squared distance to a batch's point: the gradient is where one is, minus where the batch is. */
function trainerTo(keysOf: (batch: Block) => Uint32Array | null): Trainer {
  return {
    device: 'test',
    keysOf: (batch) => [keysOf(batch)],
    async gradient([table], batch) {
      const target = batch.y[0] ?? 0;
      const values = (table?.values ?? new Float32Array()).map((value) => value - target);
      return { lossSum: batch.count, tables: [{ keys: table?.keys ?? null, values }] };
    },
    evaluate: () => Promise.reject(new Error('not here')),
    predict: () => Promise.reject(new Error('not here')),
    dispose() {},
  };
}

const batchAt = (target: number, count = 1): PickedBatch => ({
  block: {
    kind: 'dense',
    count,
    features: 1,
    x: new Float32Array(count),
    y: new Uint32Array(count).fill(target),
  },
  picks: { blocks: new Uint32Array(count), rows: new Uint32Array(count) },
});

const PLAN: RunPlan = runPlanOf({ tables: [{ ...tableOf(6), shape: [6] }] });

const tablesOf = (values: number[], keys: number[] | null = null): TableValues[] => [
  { keys: keys && Uint32Array.from(keys), values: Float32Array.from(values) },
];

test.each([
  ['a way', true],
  ['gradients', false],
])('between the steps of a long round of %s messages are heard', async (_, isDrift) => {
  let [now, heard] = [0, 0];
  const slow = trainerTo(() => null);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => heard++;
  const heardBefore: number[] = [];
  const trainer: Trainer = {
    ...slow,
    gradient(...args) {
      heardBefore.push(heard);
      port2.postMessage(null);
      now += 1_000;
      return slow.gradient(...args);
    },
  };
  const steps = new LocalSteps(PLAN, trainer, isDrift, new Turns(() => now));
  await steps.run(tablesOf([0, 8]), [batchAt(4), batchAt(8), batchAt(4)], 0.5);
  port1.close();
  expect(heardBefore).toEqual([0, 1, 2]);
});

describe('where steps have a way', () => {
  test('what is pushed is the way of the inner steps, turned round', async () => {
    const steps = new LocalSteps(
      PLAN,
      trainerTo(() => null),
      true,
    );
    const start = tablesOf([0, 8]);
    // SGD at 0.5 goes half the way to 4, and then half the way to 8: 0 → 2 → 5, 8 → 6 → 7.
    const { tables, samples, lossSum } = await steps.run(start, [batchAt(4, 3), batchAt(8, 2)], 0.5);
    expect([...(tables[0]?.values ?? [])]).toEqual([-5, 1]);
    expect({ samples, lossSum }).toEqual({ samples: 5, lossSum: 5 });
    expect(start).toEqual(tablesOf([0, 8]));
  });

  test('inner momentum goes on from one push to the next', async () => {
    const plan = { ...PLAN, updater: { kind: 'momentum' as const, beta: 0.5, nesterov: false } };
    const steps = new LocalSteps(
      plan,
      trainerTo(() => null),
      true,
    );
    // v = −4, w = 2; then v = −2 + (0 − 4) = −6 from the same start: w = 3.
    expect([...((await steps.run(tablesOf([0]), [batchAt(4)], 0.5)).tables[0]?.values ?? [])]).toEqual([-2]);
    expect([...((await steps.run(tablesOf([0]), [batchAt(4)], 0.5)).tables[0]?.values ?? [])]).toEqual([-3]);
  });
});

describe('where the state of the updater is only at the servers', () => {
  const keysOf = (batch: Block) => (batch.y[0] === 4 ? Uint32Array.of(1, 5) : Uint32Array.of(1, 3));

  test('the mean of the gradients that the steps met is pushed, by samples, on the keys of any batch', async () => {
    const steps = new LocalSteps(PLAN, trainerTo(keysOf), false);
    const start = tablesOf([1, 10, 100], [1, 3, 5]);
    const { tables, ways, samples, lossSum } = await steps.run(start, [batchAt(4, 3), batchAt(0, 1)], 0.5);
    // Key 1 is met at 1, and then at 1 − ½·(1 − 4) = 2.5: ¾·(1 − 4) + ¼·2.5; key 3: ¼·10; key 5: ¾·(100 − 4).
    expect(tables).toEqual(tablesOf([-1.625, 2.5, 72], [1, 3, 5]));
    // Half of each gradient, one after the other: 1 → 2.5 → 1.25, 10 → 5, 100 → 52.
    expect(ways).toEqual(tablesOf([-0.25, 5, 48], [1, 3, 5]));
    expect({ samples, lossSum }).toEqual({ samples: 4, lossSum: 4 });
    expect(start).toEqual(tablesOf([1, 10, 100], [1, 3, 5]));
  });

  test('whole tables too, where FTRL is the updater: its steps are of its rate over β and the root of its own squares', async () => {
    const plan = { ...PLAN, updater: { kind: 'ftrl' as const, beta: 2, l1: 1, l2: 1 } };
    const steps = new LocalSteps(
      plan,
      trainerTo(() => null),
      false,
    );
    const meet = async () => (await steps.run(tablesOf([0]), [batchAt(4), batchAt(0)], 3)).tables[0]?.values[0];
    // First at 0, where g = −4, and then after a step of 3·4 / (2 + √16) at 2: (−4 + 2) / 2.
    expect(await meet()).toBe(-1);
    // The squares are 16 + 4 by now, and 36 with the next: 0 + 3·4 / (2 + 6) = 1.5 is where the second batch is met.
    expect(await meet()).toBe((-4 + 1.5) / 2);
  });

  test('counts are summed, and the next batch sees those before it', async () => {
    const plan = { ...PLAN, updater: { kind: 'add' as const } };
    const steps = new LocalSteps(
      plan,
      trainerTo(() => Uint32Array.of(1)),
      false,
    );
    // 10 − 4 = 6 is counted at 10, and 16 − 0 after that.
    const { tables } = await steps.run(tablesOf([10], [1]), [batchAt(4, 3), batchAt(0, 1)], 0.5);
    expect(tables).toEqual(tablesOf([22], [1]));
  });

  test('rows are as wide as their table', async () => {
    const plan = { ...PLAN, tables: [{ ...tableOf(6, 2), shape: [6, 2] }] };
    const steps = new LocalSteps(
      plan,
      trainerTo(({ y }) => Uint32Array.from(y[0] === 4 ? [3] : [1, 3])),
      false,
    );
    // Key 3 is met at (10, 20), and half the way to 4 at (7, 12); key 1 by one batch of two.
    const { tables } = await steps.run(tablesOf([1, 2, 10, 20], [1, 3]), [batchAt(4), batchAt(0)], 0.5);
    expect([...(tables[0]?.values ?? [])]).toEqual([0.5, 1, 6.5, 14]);
  });

  test('each key keeps a state of its own from one push to the next', async () => {
    const plan = { ...PLAN, updater: { kind: 'momentum' as const, beta: 0.5, nesterov: false } };
    const steps = new LocalSteps(
      plan,
      trainerTo(({ count }) => Uint32Array.from(count === 1 ? [1] : [1, 5])),
      false,
    );
    const [both, one] = [batchAt(4, 2), batchAt(4, 1)];
    // At a rate of a half. Key 1: v = −4 takes it from 0 to 2, where g = −2. Key 5: v = 4 takes it from 8 to 6, where g = 2.
    const first = await steps.run(tablesOf([0, 8], [1, 5]), [both, both], 0.5);
    expect([...(first.tables[0]?.values ?? [])]).toEqual([-3, 3]);
    // The second of those steps left key 1 with v = −2 − 2 = −4, and key 5 with 4. Key 1 alone: v = −2 − 4 = −6.
    await steps.run(tablesOf([0], [1]), [one], 0.5);
    // Key 1: v = −3 − 4 = −7 takes it to 3.5, where g = −0.5. Key 5: v = 2 + 4 = 6 takes it to 5, where g = 1.
    const last = await steps.run(tablesOf([0, 8], [1, 5]), [both, both], 0.5);
    expect([...(last.tables[0]?.values ?? [])]).toEqual([(-4 - 0.5) / 2, (4 + 1) / 2]);
  });
});

describe('the union of key lists', () => {
  test('ascends, with every key once', () => {
    expect(unionOfKeys([[Uint32Array.of(9, 20)], [Uint32Array.of(3, 20, 100)]], 1)).toEqual([
      Uint32Array.of(3, 9, 20, 100),
    ]);
  });

  test('is all keys where one batch touches all', () => {
    expect(unionOfKeys([[null], [null]], 1)).toEqual([null]);
  });
});
