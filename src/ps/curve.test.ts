import { expect, it } from 'vitest';
import type { Point } from '../protocol/control.ts';
import { MAX_CURVE_POINTS } from '../protocol/limits.ts';
import { Curve } from './curve.ts';

it('of a run without end stays short enough for a message, from its first point to its newest', () => {
  const curve = new Curve();
  const points = Array.from(
    { length: 5 * MAX_CURVE_POINTS },
    (_, clock): Point => [clock, 2 * clock, clock, 1 / clock],
  );
  for (const point of points) {
    curve.add(point);
    expect(curve.all.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
    expect(curve.takeUnsent()).toEqual([point]);
  }
  expect(curve.all.length).toBeGreaterThan(MAX_CURVE_POINTS / 2 - 1);
  expect(curve.all[0]).toBe(points[0]);
  expect(curve.all.at(-1)).toBe(points.at(-1));
});
