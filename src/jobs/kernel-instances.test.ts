import { describe, expect, it } from 'vitest';
import { loadJax } from './jax.ts';
import { keepingInstances } from './kernel-instances.ts';

const I32 = 0x7f;

/** (module (import "env" "memory" (memory 0)) (func (export "kernel") (param i32 i32) (i32.store (local.get 0) (local.get 1)))) */
const STORE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 6, 1, 0x60, 2, I32, I32, 0],
  ...[2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 10, 1, 6, 0x6b, 0x65, 0x72, 0x6e, 0x65, 0x6c, 0, 0],
  ...[10, 11, 1, 9, 0, 0x20, 0, 0x20, 1, 0x36, 2, 0, 0x0b],
);

const pages = (initial: number) => new WebAssembly.Memory({ initial });

describe('instances that are kept', () => {
  const Instance = keepingInstances(WebAssembly.Instance);

  it('are one for a module and a memory, also after the memory has grown', () => {
    const [module, memory] = [new WebAssembly.Module(STORE), pages(1)];
    const first = new Instance(module, { env: { memory } });
    memory.grow(1);
    expect(new Instance(module, { env: { memory } })).toBe(first);
    (first.exports.kernel as (at: number, value: number) => void)(65_536, 7);
    expect(new Uint32Array(memory.buffer)[16_384]).toBe(7);
    expect(first).toBeInstanceOf(Instance);
    expect(first).toBeInstanceOf(WebAssembly.Instance);
  });

  it('are called through closures: called by optimised code itself a kernel may be slow for good', () => {
    const { exports } = new Instance(new WebAssembly.Module(STORE), { env: { memory: pages(1) } });
    expect(String(exports.kernel)).not.toContain('[native code]');
  });

  it('are others for another module, and for another memory', () => {
    const [module, memory] = [new WebAssembly.Module(STORE), pages(1)];
    const first = new Instance(module, { env: { memory } });
    expect(new Instance(new WebAssembly.Module(STORE), { env: { memory } })).not.toBe(first);
    expect(new Instance(module, { env: { memory: pages(1) } })).not.toBe(first);
  });

  it('are made anew where more than a memory is imported: who knows what that is', () => {
    const [module, memory] = [new WebAssembly.Module(STORE), pages(1)];
    const more = { env: { memory, log: () => undefined } };
    expect(new Instance(module, more)).not.toBe(new Instance(module, more));
    const others = { env: { memory }, others: {} };
    expect(new Instance(module, others)).not.toBe(new Instance(module, others));
  });

  it('fail as before where an import is missing', () => {
    expect(() => new Instance(new WebAssembly.Module(STORE), {})).toThrow(TypeError);
  });
});

it('a program of jax-js has its instances after one run', async () => {
  const { jit, numpy } = await loadJax();
  const Kept = WebAssembly.Instance;
  const made: WebAssembly.Instance[] = [];
  WebAssembly.Instance = new Proxy(Kept, {
    construct(target, args, newTarget) {
      const instance = Reflect.construct(target, args, newTarget);
      made.push(instance);
      return instance;
    },
  });
  try {
    const double = jit((x: ReturnType<typeof numpy.ones>) => x.mul(2).sum());
    const run = async () => (await double(numpy.ones([3])).data())[0];
    expect(await run()).toBe(6);
    const known = new Set(made);
    expect(known.size).toBeGreaterThan(0);
    expect(await run()).toBe(6);
    expect(made.length).toBeGreaterThan(known.size);
    expect(new Set(made).size).toBe(known.size);
    double.dispose();
  } finally {
    WebAssembly.Instance = Kept;
  }
});
