// The codecs' inner loops as WebAssembly with SIMD, beside those of the page: the same bits, other instructions.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { codecNamed } from '../../src/ps/filters/codecs.ts';
import { type Comparison, cpuSpeed } from '../harness.ts';

/** Where values and coded bytes lie in its memory: room for a segment of f32 each, and what the compiler puts below. */
const VALUES_AT = 64 * 1024;
const CODED_AT = VALUES_AT + 256 * 1024;
const PAGES = 16;

const SEED = 7;

/** Values that half precision has special ways with: zeros, subnormals, ties, and what overflows. */
const HARD = [0, -0, 6e-8, -3e-8, 2e-5, 2 ** -14, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65_504, 65_519, 65_520, -1e9];

interface Kernels {
  readonly memory: WebAssembly.Memory;
  encodeF16(values: number, out: number, count: number): void;
  decodeF16(halves: number, out: number, count: number): void;
  encodeInt8(values: number, out: number, count: number, seed: number): void;
  decodeInt8(block: number, out: number, count: number): void;
}

async function compile(): Promise<Kernels> {
  const source = readFileSync(new URL('codecs.as', import.meta.url), 'utf8');
  const options = {
    optimizeLevel: 3,
    shrinkLevel: 0,
    runtime: 'stub',
    enable: ['simd'],
    initialMemory: PAGES,
    noAssert: true,
  };
  const { error, stderr, binary } = await asc.compileString({ 'codecs.ts': source }, options);
  if (error !== null || binary === null) throw new Error(`codecs.as doesn't compile: ${stderr.toString()}`);
  const { instance } = await WebAssembly.instantiate(new Uint8Array(binary));
  // What codecs.as exports, compiled a moment ago.
  return instance.exports as unknown as Kernels;
}

/** What a codec does with values that lie in JavaScript's memory, and with its bytes, by those kernels: copied in, and out again. */
interface Coder {
  encode(values: Float32Array, out: Uint8Array): void;
  decode(bytes: Uint8Array, out: Float32Array): void;
}

function coderOf(name: 'f16' | 'int8', kernels: Kernels): Coder {
  const { memory } = kernels;
  const floats = new Float32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const work = {
    f16: { encode: kernels.encodeF16, decode: kernels.decodeF16 },
    int8: {
      encode: (values: number, out: number, count: number) => kernels.encodeInt8(values, out, count, SEED),
      decode: kernels.decodeInt8,
    },
  }[name];
  return {
    encode(values, out) {
      floats.set(values, VALUES_AT / 4);
      work.encode(VALUES_AT, CODED_AT, values.length);
      out.set(bytes.subarray(CODED_AT, CODED_AT + out.length));
    },
    decode(coded, out) {
      bytes.set(coded, CODED_AT);
      work.decode(CODED_AT, VALUES_AT, out.length);
      out.set(floats.subarray(VALUES_AT / 4, VALUES_AT / 4 + out.length));
    },
  };
}

/**
 * @param values as many as blocks of 256 hold; at most a segment
 * @throws Error where the two kernels don't agree in every bit
 */
export async function simdComparisons(values: Float32Array, times: number): Promise<Comparison[]> {
  const kernels = await compile();
  return (['f16', 'int8'] as const).flatMap((name) => {
    const codec = codecNamed(name);
    const coder = coderOf(name, kernels);
    const [ours, theirs] = [new Uint8Array(codec.bytes(values.length)), new Uint8Array(codec.bytes(values.length))];
    const [back, theirBack] = [new Float32Array(values.length), new Float32Array(values.length)];
    const hard = values.slice();
    hard.set(HARD);
    codec.encode(hard, ours, SEED);
    coder.encode(hard, theirs);
    codec.decode(ours, back);
    coder.decode(ours, theirBack);
    if (Buffer.compare(ours, theirs) !== 0) throw new Error(`${name}: SIMD encodes other bits`);
    if (back.some((value, i) => !Object.is(value, theirBack[i]))) throw new Error(`${name}: SIMD decodes other bits`);
    const row = (what: string, our: () => void, their: () => void): Comparison => ({
      ...{ what: `${name}: ${what}, kernel of typed arrays`, unit: 'MB/s' },
      ...{
        ours: () => cpuSpeed(our, times, values.byteLength),
        reference: () => cpuSpeed(their, times, values.byteLength),
      },
      note: 'beside WebAssembly with SIMD, copying in and out with it; same bits',
    });
    return [
      row(
        'encode',
        () => codec.encode(values, ours, SEED),
        () => coder.encode(values, theirs),
      ),
      row(
        'decode',
        () => codec.decode(ours, back),
        () => coder.decode(ours, theirBack),
      ),
    ];
  });
}
