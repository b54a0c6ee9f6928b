import { expect, test } from 'vitest';
import type { Block, DatasetMeta } from '../data/dataset.ts';
import { wordsOf } from '../data/documents.ts';
import { PACKET_ITEMS, ZIPF_ITEMS, zipfGenerator } from '../data/generators/zipf-stream.ts';
import type { Picks } from '../data/sampler.ts';
import type { HittersAnswer, ItemAnswer } from './count-min/look.ts';
import { cellOf, errorShare, failureShare } from './count-min/sketch.ts';
import { countMin } from './count-min.ts';
import { UnsuitableBlock } from './errors.ts';
import { blocksOf, LoneModel } from './train-alone.ts';

const SAMPLES = { train: 800, test: 60 };
const generator = zipfGenerator(2, SAMPLES);
const { meta } = generator;
const NO_PICKS: Picks = { blocks: new Uint32Array(0), rows: new Uint32Array(0) };

async function counted(
  options: Record<string, unknown>,
  data: DatasetMeta = meta,
  stream = blocksOf(generator, 'train'),
) {
  const parsed = countMin.options.parse(options);
  const trainer = await countMin.createTrainer(parsed, data);
  const model = new LoneModel(countMin, parsed, data, trainer);
  for (const block of stream) await model.step(block, NO_PICKS);
  const look = (request: unknown) =>
    trainer.look?.(
      request,
      async (keys) => model.pull(keys),
      async (split, index) => generator.block(split, index),
    );
  return { trainer, model, look };
}

/** Counts of every item, by looking at every packet. */
function exactCounts(): Float64Array {
  const counts = new Float64Array(ZIPF_ITEMS);
  for (const block of blocksOf(generator, 'train')) {
    if (block.kind !== 'sparse') throw new Error('sparse');
    for (let row = 0; row < block.count; row++) {
      for (const { word, times } of wordsOf(block, row, ZIPF_ITEMS)) counts[word] = (counts[word] ?? 0) + times;
    }
  }
  return counts;
}

test.each([
  [256, 3],
  [1_024, 5],
])('with %i × %i cells no estimate is too low, and the share of those over ε·N is below δ', async (width, depth) => {
  const { model } = await counted({ width, depth });
  const cells = model.tables[0]?.values ?? new Float32Array();
  const exact = exactCounts();
  const total = SAMPLES.train * PACKET_ITEMS;
  const bound = (Math.E / width) * total;
  let [over, items] = [0, 0];
  exact.forEach((truth, item) => {
    if (truth === 0) return;
    const rows = Array.from({ length: depth }, (_, row) => cells[cellOf(item, row, { width, depth })] ?? Number.NaN);
    const estimate = Math.min(...rows);
    expect(estimate).toBeGreaterThanOrEqual(truth);
    if (estimate - truth > bound) over++;
    items++;
  });
  expect(items).toBeGreaterThan(5_000);
  expect(over / items).toBeLessThanOrEqual(Math.exp(-depth));
});

test('a sketch far too small is wrong about most items: the measure can fail', async () => {
  const { model, look } = await counted({ width: 4, depth: 1 });
  const { measured } = (await look({ ask: 'hitters', most: 3 })) as HittersAnswer;
  expect(measured?.worst).toBeGreaterThan(10_000);
  expect(model.tables[0]?.values.reduce((sum, value) => sum + value, 0)).toBe(SAMPLES.train * PACKET_ITEMS);
});

test('heavy hitters are the most frequent items, with error bars that the truth is in', async () => {
  const { look } = await counted({});
  const answer = (await look({ ask: 'hitters', most: 5 })) as HittersAnswer;
  const exact = exactCounts();
  const order = Array.from(exact.keys()).sort((a, b) => (exact[b] ?? 0) - (exact[a] ?? 0));
  expect(answer.hitters.map(({ name }) => name)).toEqual(order.slice(0, 5).map((item) => `item ${item}`));
  for (const [place, { estimate, least, exact: shown }] of answer.hitters.entries()) {
    const truth = exact[order[place] ?? -1] ?? Number.NaN;
    expect(shown).toBe(truth);
    expect(estimate).toBeGreaterThanOrEqual(truth);
    expect(least).toBeLessThanOrEqual(truth);
  }
  expect(answer.total).toBe(SAMPLES.train * PACKET_ITEMS);
  expect(answer.bound).toBeCloseTo((Math.E / 2_048) * answer.total, 6);
  expect(answer.measured?.within).toBeGreaterThanOrEqual(1 - answer.failure);
});

test('answers about one item, and about none that isn’t there', async () => {
  const { look } = await counted({});
  const { hitter } = (await look({ ask: 'item', name: 'item 0' })) as ItemAnswer;
  expect(hitter?.exact).toBe(exactCounts()[0]);
  expect(((await look({ ask: 'item', name: 'nobody' })) as ItemAnswer).hitter).toBeNull();
});

test('pushes few cells by key and many without keys', async () => {
  const trainer = await countMin.createTrainer(countMin.options.parse({ width: 64, depth: 2 }), meta);
  const one: Block = {
    kind: 'sparse',
    count: 1,
    indptr: Uint32Array.of(0, 2),
    indices: Uint32Array.of(7, ZIPF_ITEMS + 7),
    values: Float32Array.of(3, 99),
    y: Uint32Array.of(0),
  };
  const [cells, exact] = (await trainer.gradient([], one)).tables;
  // The second value is the occurrence's number in the stream: it counts nothing.
  expect([...(cells?.values ?? [])]).toEqual([3, 3]);
  expect(cells?.keys).toEqual(Uint32Array.of(0, 1).map((row) => cellOf(7, row, { width: 64, depth: 2 })));
  expect([exact?.keys, exact?.values]).toEqual([Uint32Array.of(7), Float32Array.of(3)]);
  const [whole] = (await trainer.gradient([], generator.block('train', 0))).tables;
  expect([whole?.keys, whole?.values.length]).toEqual([null, 128]);
});

test('the evaluation counts the items within the bound', async () => {
  const { model } = await counted({});
  const [held] = blocksOf(generator, 'test');
  if (held === undefined) throw new Error('no test block');
  const { samples, score } = await model.evaluate(held);
  expect(samples).toBe(SAMPLES.test);
  expect(score / samples).toBeGreaterThanOrEqual(1 - failureShare({ width: 2_048, depth: 5 }));
});

test('without exact counts it says what it counted, and measures nothing', async () => {
  const { model, look } = await counted({ exact: false });
  expect(model.tables).toHaveLength(1);
  expect(((await look({ ask: 'hitters', most: 1 })) as HittersAnswer).measured).toBeNull();
  const [held] = blocksOf(generator, 'test');
  if (held === undefined) throw new Error('no test block');
  expect((await model.evaluate(held)).samples).toBe(0);
});

test('what is promised: ε = e / width, δ = e^−depth', () => {
  expect(errorShare({ width: 2_719, depth: 1 })).toBeCloseTo(0.001, 5);
  expect(failureShare({ width: 1, depth: 5 })).toBeCloseTo(0.0067, 4);
});

test('refuses images', async () => {
  const trainer = await countMin.createTrainer(countMin.options.parse({}), meta);
  const image: Block = { kind: 'dense', count: 1, features: 2, x: new Float32Array(2), y: new Uint32Array(1) };
  await expect(trainer.gradient([], image)).rejects.toThrow(UnsuitableBlock);
});
