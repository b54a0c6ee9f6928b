// `npx tsx bench/codecs.ts [--json FILE]`: what each codec makes of a gradient: how small, how fast on one core, how wrong. Whole
// blocks are measured, as pushes carry them: zeros looked for, memory made.
// Every repeat measures all codecs in turn, so that a busy machine hurts them alike; medians are shown.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type CodecName, codecNames } from '../src/protocol/filters.ts';
import { codecNamed } from '../src/ps/filters/codecs.ts';
import { BlockEncoder, decodeBlock } from '../src/ps/filters/value-block.ts';
import { SEGMENT_FLOATS } from '../src/ps/table.ts';
import { Random } from '../src/random.ts';

const REPEATS = 15;
/** Segments encoded in one measurement: 16 MiB of f32. */
const SEGMENTS = 256;
const BIAS_SEEDS = 400;

/** A gradient's like: exponentially distributed sizes over four decades, random signs, no zeros. */
function gradient(): Float32Array {
  const random = new Random(1);
  return Float32Array.from(
    { length: SEGMENT_FLOATS },
    () => (random.unit() < 0.5 ? -1 : 1) * 10 ** (-4 * random.unit()),
  );
}

interface Row {
  readonly codec: CodecName;
  readonly ratio: number;
  readonly encodeMBs: number;
  readonly decodeMBs: number;
  /** Mean error over values and seeds, and root mean square error, both in shares of the root mean square value. */
  readonly bias: number;
  readonly error: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Of the processor's time, not the clock's: what else runs on the machine takes none of it. */
function megabytesPerSecond(work: () => void): number {
  const start = process.cpuUsage();
  for (let i = 0; i < SEGMENTS; i++) work();
  const { user, system } = process.cpuUsage(start);
  return (SEGMENTS * SEGMENT_FLOATS * 4) / Math.max(1, user + system);
}

function errorsOf(name: CodecName, values: Float32Array): { bias: number; error: number } {
  const encoder = new BlockEncoder();
  let [sum, squares] = [0, 0];
  for (let seed = 0; seed < BIAS_SEEDS; seed++) {
    const found = decodeBlock(encoder.encode(values, codecNamed(name), seed * 2_654_435_761), values.length);
    values.forEach((value, i) => {
      const error = (found[i] ?? 0) - value;
      sum += error * Math.sign(value);
      squares += error * error;
    });
  }
  const count = BIAS_SEEDS * values.length;
  const size = Math.sqrt(values.reduce((all, value) => all + value * value, 0) / values.length);
  return { bias: sum / count / size, error: Math.sqrt(squares / count) / size };
}

function main(): void {
  const values = gradient();
  const encoder = new BlockEncoder();
  const speeds = new Map(codecNames.map((name) => [name, { encode: [] as number[], decode: [] as number[] }]));
  for (let repeat = -3; repeat < REPEATS; repeat++) {
    for (const [name, speed] of speeds) {
      const codec = codecNamed(name);
      const block = encoder.encode(values, codec, repeat);
      const out = new Float32Array(values.length);
      const encode = megabytesPerSecond(() => encoder.encode(values, codec, repeat));
      const decode = megabytesPerSecond(() => decodeBlock(block, values.length, out));
      if (repeat < 0) continue;
      speed.encode.push(encode);
      speed.decode.push(decode);
    }
  }
  const rows = [...speeds].map(([codec, { encode, decode }]): Row => {
    const ratio = (4 * values.length) / encoder.encode(values, codecNamed(codec), 0).length;
    return { codec, ratio, encodeMBs: median(encode), decodeMBs: median(decode), ...errorsOf(codec, values) };
  });
  print(rows);
  const file = process.argv[process.argv.indexOf('--json') + 1];
  if (process.argv.includes('--json') && file !== undefined) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
}

function print(rows: readonly Row[]): void {
  console.log(
    `One core of ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${SEGMENT_FLOATS} values, MB of f32 per second of CPU time.\n`,
  );
  console.log('| codec | times smaller | encode MB/s | decode MB/s | bias | error |\n|---|---|---|---|---|---|');
  for (const { codec, ratio, encodeMBs, decodeMBs, bias, error } of rows) {
    const speeds = `${encodeMBs.toFixed(0)} | ${decodeMBs.toFixed(0)}`;
    console.log(
      `| ${codec} | ${ratio.toFixed(2)} | ${speeds} | ${bias.toExponential(1)} | ${error.toExponential(1)} |`,
    );
  }
}

main();
