import { expect, it } from 'vitest';
import { Outflow } from './outflow.ts';

const KIB = 1024;

/** Looks at one that sends so much every 10 ms from `from` on, and has as much waiting until the end. */
function drain(outflow: Outflow, from: number, milliseconds: number, bytes: number): void {
  outflow.look(true, from);
  for (let at = 10; at <= milliseconds; at += 10) {
    outflow.sent(bytes);
    outflow.look(at < milliseconds, from + at);
  }
}

it('of a link in which nothing waits nobody knows how much it takes', () => {
  const outflow = new Outflow();
  for (let at = 0; at < 1_000; at += 10) {
    outflow.sent(64 * KIB);
    outflow.look(false, at);
  }
  expect(outflow.bytesPerMs(1_000)).toBeNull();
});

it('what goes out while something waits tells, also where it is over soon', () => {
  const slow = new Outflow();
  drain(slow, 0, 200, 10 * KIB);
  expect(slow.bytesPerMs(200)).toBeCloseTo(KIB, 6);
  const short = new Outflow();
  drain(short, 0, 20, 10 * KIB);
  expect(short.bytesPerMs(20)).toBeCloseTo(KIB, 6);
  const little = new Outflow();
  drain(little, 0, 10, 10 * KIB);
  expect(little.bytesPerMs(10)).toBeNull();
});

it('time in which nothing goes out counts, where something waits; a rest does not', () => {
  const stalling = new Outflow();
  stalling.look(true, 0);
  stalling.look(true, 90);
  stalling.sent(100 * KIB);
  stalling.look(false, 100);
  expect(stalling.bytesPerMs(100)).toBeCloseTo(KIB, 6);
  drain(stalling, 10_000, 100, 10 * KIB);
  expect(stalling.bytesPerMs(10_100)).toBeCloseTo(KIB, 6);
});

it('is forgotten where nothing has waited for seconds: the other end may have been busy only then', () => {
  const outflow = new Outflow();
  drain(outflow, 0, 100, 10 * KIB);
  expect(outflow.bytesPerMs(5_000)).toBeCloseTo(KIB, 6);
  // Also where nobody has looked since: it is idle.
  expect(outflow.bytesPerMs(5_200)).toBeNull();
});

it('follows a path that gets faster', () => {
  const outflow = new Outflow();
  drain(outflow, 0, 500, 10 * KIB);
  for (let turn = 0; turn < 20; turn++) drain(outflow, 1_000 * turn + 1_000, 10, 200 * KIB);
  expect(outflow.bytesPerMs(20_010)).toBeGreaterThan(19 * KIB);
});
