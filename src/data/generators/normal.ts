// Normal variates for generators, from exact operations only (see exact-math.ts).
import type { Random } from '../../random.ts';

/** A normal variate but for its tails: the sum of twelve uniform ones has variance 1. Additions only, so exact. */
export function normal(random: Random): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw++) sum += random.unit();
  return sum;
}
