import { describe, expect, it } from 'vitest';
import { asItIs, emulating, MAX_SLOWDOWN } from './emulation.ts';

/** Work of 10 ms on a clock that only work and waiting move. */
function bench(factor: number, leastMs = 0, gradients = 1) {
  const clock = { now: 5 };
  const wait = async (ms: number) => {
    clock.now += ms;
  };
  const emulate = emulating(
    () => ({ factor, leastMs }),
    () => clock.now,
    wait,
  );
  const work = async () => {
    clock.now += 10;
    return 'gradient';
  };
  return { clock, result: emulate(work, gradients) };
}

describe('emulated compute time', () => {
  it.each([
    [4, 45],
    [1, 15],
    [0.5, 15],
    [1e9, 5 + 10 * MAX_SLOWDOWN],
  ])('%d times slower: work of 10 ms begun at 5 ends at %d', async (factor, end) => {
    const { clock, result } = bench(factor);
    expect(await result).toBe('gradient');
    expect(clock.now).toBe(end);
  });

  it.each([
    [30, 1, 35],
    [3, 1, 15],
    [30, 4, 125],
  ])('at least %d ms, %d times slower: work of 10 ms begun at 5 ends at %d', async (leastMs, factor, end) => {
    const { clock, result } = bench(factor, leastMs);
    await result;
    expect(clock.now).toBe(end);
  });

  it('at least so long for each gradient of a round', async () => {
    const { clock, result } = bench(1, 30, 16);
    await result;
    expect(clock.now).toBe(5 + 16 * 30);
  });

  it('leaves the computer as it is', async () => {
    expect(await asItIs(async () => 3)).toBe(3);
  });
});
