// Seeded randomness for everyone: a hash of counters (no state) and a small generator. Same seed, same numbers, in
// every browser: only 32-bit integer operations.

/** Mixes 32 bits so that every input bit reaches every output bit (MurmurHash3's finaliser). */
export function mix32(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** A u32 that depends on every one of its arguments and on their order. Counter-based: call it with any indices. */
export function hash32(seed: number, ...counters: readonly number[]): number {
  let state = mix32(seed + 0x9e3779b9);
  for (const counter of counters) state = mix32(Math.imul(state, 31) + counter + 0x7f4a7c15);
  return state;
}

/** `hash32` as a number in [0, 1). */
export const hashUnit = (seed: number, ...counters: readonly number[]): number => hash32(seed, ...counters) / 2 ** 32;

/** A stream of random numbers (sfc32 by Chris Doty-Humphrey: 128 bits of state, passes PractRand). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = hash32(seed, 1);
    this.b = hash32(seed, 2);
    this.c = hash32(seed, 3);
  }

  /** Uniform u32. */
  u32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.u32() / 2 ** 32;
  }

  /** Uniform integer in [0, bound), for bounds far below 2³². */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Shuffles in place, every order equally likely (Fisher and Yates). */
  shuffle(items: Uint32Array | unknown[]): void {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [items[last], items[other]] = [items[other] as never, items[last] as never];
    }
  }
}
