import { expect, test } from 'vitest';
import { decodeParameters, encodeParameters, NotOurParameters } from '../data/parameters-file.ts';
import { encodeSafetensors } from '../data/safetensors.ts';
import { MalformedBytes } from '../protocol/bytes.ts';
import { digitsMlp } from './digits-mlp.ts';
import { jobs } from './registry.ts';

const META = digitsMlp.generate(1, { train: 20, test: 5 }).meta;
const TENSOR = { name: 'w1', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
const FILE = { tensors: [TENSOR], job: 'digits-mlp', options: { hidden: [3] }, seed: 7, steps: 9, data: META };

test('what was written is read again', () => {
  expect(decodeParameters(encodeParameters(FILE))).toEqual(FILE);
  expect(decodeParameters(encodeParameters({ ...FILE, data: null })).data).toBeNull();
});

test.each(jobs)('the file of $name is enough to make its tables again', (job) => {
  const { meta } = job.generate(3, { train: 60, test: 10 });
  const options = job.options.parse({});
  const tables = job.tables(options, meta);
  const tensors = tables.map(({ name, keys, width, shape }) => ({
    name,
    shape,
    values: new Float32Array(keys * width),
  }));
  const file = encodeParameters({ tensors, job: job.name, options: {}, seed: 1, steps: 1, data: meta });
  const read = decodeParameters(file);
  if (read.data === null) throw new RangeError('The data were said.');
  expect(read.data).toEqual(meta);
  expect(job.tables(job.options.parse(read.options), read.data)).toEqual(tables);
});

test('a file of somebody else’s is told from a damaged one', () => {
  expect(() => decodeParameters(encodeSafetensors([TENSOR], { format: 'pt' }))).toThrow(NotOurParameters);
  const metadata = { format: 'pushpull', job: 'digits-mlp', options: '{}', data: '{"kind":"dense"}' };
  expect(() => decodeParameters(encodeSafetensors([TENSOR], metadata))).toThrow(MalformedBytes);
  expect(() => decodeParameters(encodeParameters(FILE).subarray(0, 100))).toThrow(MalformedBytes);
});
