import { describe, expect, test } from 'vitest';
import { encodeBlock, hashBlock } from '../data/blocks.ts';
import type { Generator } from '../data/dataset.ts';
import { selectRows } from '../data/rows.ts';
import { cutSegments } from '../ps/table.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import { BadOptions } from './errors.ts';
import { findJob, jobs, parseOptions, UnknownJob } from './registry.ts';

test('finds a job by its name', () => {
  for (const job of jobs) expect(findJob(job.name)).toBe(job);
});

test('an unknown name is answered with the names there are', () => {
  expect(() => findJob('digits')).toThrow(UnknownJob);
  expect(() => findJob('digits')).toThrow(
    `There is no job "digits". There is: ${jobs.map(({ name }) => name).join(', ')}.`,
  );
});

test('an option that a job has not, or not so, is refused by its name', () => {
  const lda = findJob('lda');
  expect(parseOptions(lda, { topics: 7 })).toMatchObject({ topics: 7 });
  for (const options of [{ topics: 'many' }, { topic: 7 }]) {
    expect(() => parseOptions(lda, options)).toThrow(BadOptions);
    expect(() => parseOptions(lda, options)).toThrow(/lda .*\n.*(topics|"topic")/s);
  }
});

describe.each(jobs)('$name', (job) => {
  const options = job.options.parse({});
  const generator = job.generate(3, { train: 600, test: 100 });

  test('generates data of the kind that it learns from, the same for the same seed', () => {
    expect(generator.meta.kind).toBe(job.dataKind);
    expect(generator.meta.samples).toEqual({ train: 600, test: 100 });
    const hashOf = ({ block }: Generator) => hashBlock(encodeBlock(block('train', 0)));
    expect(hashOf(job.generate(3, { train: 600, test: 100 }))).toBe(hashOf(generator));
    expect(hashOf(job.generate(4, { train: 600, test: 100 }))).not.toBe(hashOf(generator));
  });

  test('its defaults are known without making its data: a page that opens asks for those of every job', () => {
    const { meta } = job.generate(3, { train: 600, test: 100 });
    const isMade = () => {
      throw new Error('All documents are made for this.');
    };
    if (meta.kind === 'documents') Object.defineProperty(meta, 'totals', { get: isMade });
    expect(job.defaults(options, meta).batch).toBeGreaterThan(0);
  });

  test('its tables can be cut, and its updater made', () => {
    const tables = job.tables(options, generator.meta);
    expect(cutSegments(tables).length).toBeGreaterThanOrEqual(tables.length);
    expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length);
    createUpdater(job.defaults(options, generator.meta).updater);
  });

  test('answers with one gradient per table', async () => {
    const trainer = await job.createTrainer(options, generator.meta);
    const batch = selectRows(
      generator.block('test', 0),
      Uint32Array.from({ length: 16 }, (_, row) => row),
    );
    const parameters = job.tables(options, generator.meta).map(({ keys, width }, table) => {
      const touched = trainer.keysOf(batch)[table] ?? null;
      return { keys: touched, values: new Float32Array((touched?.length ?? keys) * width) };
    });
    const { tables, lossSum } = await trainer.gradient(parameters, batch);
    expect(tables.map(({ values }) => values.length)).toEqual(
      job
        .tables(options, generator.meta)
        .map(({ keys, width }, table) => (tables[table]?.keys?.length ?? keys) * width),
    );
    // All weights zero: every class is as likely as any other.
    if ('classes' in generator.meta) expect(lossSum / batch.count).toBeCloseTo(Math.log(generator.meta.classes), 4);
    else expect(lossSum).not.toBeNaN();
    trainer.dispose();
  });
});
