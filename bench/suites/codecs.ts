// What each codec makes of a gradient: how small, how fast on one core, how wrong. Whole blocks are measured, as pushes carry
// them: zeros looked for, memory made.
import { type CodecName, codecNames } from '../../src/protocol/filters.ts';
import { codecNamed } from '../../src/ps/filters/codecs.ts';
import { BlockEncoder, decodeBlock } from '../../src/ps/filters/value-block.ts';
import { SEGMENT_FLOATS } from '../../src/ps/table.ts';
import { Random } from '../../src/random.ts';
import { deflateRows } from '../filters/deflate.ts';
import { atLeast, atMost, type Benchmark, type Comparison, compare, cpuSpeed, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';
import { simdComparisons } from '../simd/simd-codecs.ts';

const COPIES = 16;
const BYTES = 4 * SEGMENT_FLOATS;
/** Those whose speed the issue asks for. */
const SPEED_TARGET_MBS = 500;
const FAST: readonly CodecName[] = ['f16', 'int8'];
/** Those that round at random: right on average. */
const UNBIASED: readonly CodecName[] = ['int8', 'int4'];
/** A mean of an unbiased error lies within this many standard errors of 0, but for one time in 370. */
const STANDARD_ERRORS = 3;

/** A gradient's like: sizes spread evenly over four decades, random signs, no zeros. */
function gradient(): Float32Array {
  const random = new Random(1);
  return Float32Array.from(
    { length: SEGMENT_FLOATS },
    () => (random.unit() < 0.5 ? -1 : 1) * 10 ** (-4 * random.unit()),
  );
}

function speeds(name: CodecName, values: Float32Array, segments: number): Comparison[] {
  const codec = codecNamed(name);
  const encoder = new BlockEncoder();
  const block = encoder.encode(values, codec, 1);
  const out = new Float32Array(values.length);
  // So fast that it needs more turns to be measurable.
  const copy = () => cpuSpeed(() => out.set(values), COPIES * segments, BYTES);
  const shared = { unit: 'MB/s', reference: copy, note: 'beside copying the floats' };
  const target = FAST.includes(name) ? { target: atLeast(SPEED_TARGET_MBS, 'ours') } : {};
  return [
    {
      ...{ what: `${name}: encode`, ...shared, ...target },
      ours: () => cpuSpeed(() => encoder.encode(values, codec, 1), segments, BYTES),
    },
    {
      ...{ what: `${name}: decode`, ...shared, ...target },
      ours: () => cpuSpeed(() => decodeBlock(block, values.length, out), segments, BYTES),
    },
  ];
}

/** Size, mean error in standard errors, and root mean square error in shares of the root mean square value. */
function errors(name: CodecName, values: Float32Array, seeds: number): Row[] {
  const encoder = new BlockEncoder();
  const codec = codecNamed(name);
  let [sum, squares] = [0, 0];
  for (let seed = 0; seed < seeds; seed++) {
    const found = decodeBlock(encoder.encode(values, codec, seed * 2_654_435_761), values.length);
    values.forEach((value, i) => {
      const error = (found[i] ?? 0) - value;
      sum += error * Math.sign(value);
      squares += error * error;
    });
  }
  const count = seeds * values.length;
  const rms = Math.sqrt(values.reduce((all, value) => all + value * value, 0) / values.length);
  const size = { what: `${name}: size`, unit: 'bytes', ours: [encoder.encode(values, codec, 0).length] };
  const spread = Math.sqrt(squares / count);
  const rows = [rowOf({ ...size, reference: [BYTES], note: 'beside f32' })];
  if (spread === 0) return rows;
  const isUnbiased = UNBIASED.includes(name);
  const bias = { what: `${name}: bias towards larger sizes`, unit: 'of a value', ours: [Math.abs(sum) / count / rms] };
  const error = { what: `${name}: error`, unit: 'of a value', ours: [spread / rms], reference: [1] };
  return [
    ...rows,
    rowOf({
      ...{
        ...bias,
        reference: [spread / Math.sqrt(count) / rms],
        ...(isUnbiased && { target: atMost(STANDARD_ERRORS) }),
      },
      note: `beside the standard error of ${seeds} seeds${isUnbiased ? '' : '; not unbiased, nor meant to be'}`,
    }),
    rowOf({ ...error, note: 'root mean squares' }),
  ];
}

export const benchmark: Benchmark = {
  what: 'each codec: size, speed of encoding and decoding, bias and error; deflate after them',
  async run({ isQuick }) {
    const values = gradient();
    const fast = await compare(
      [
        ...codecNames.flatMap((name) => speeds(name, values, isQuick ? 64 : 256)),
        ...(await simdComparisons(values, isQuick ? 64 : 256)),
      ],
      { warmUp: 2, rounds: isQuick ? 5 : 15 },
    );
    const lossy = codecNames.flatMap((name) => errors(name, values, isQuick ? 100 : 400));
    return [...fast, ...lossy, ...(await deflateRows(isQuick))];
  },
};
