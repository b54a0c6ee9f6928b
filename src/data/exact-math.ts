// exp, sigmoid and rotations from +, −, × and ÷ only. IEEE 754 makes those exact to the bit in every browser, which
// Math.exp, Math.sin and friends are not, and generated blocks must hash alike on every node.

const { LN2 } = Math;
/** Beyond it exp leaves the doubles (1.8e308), so arguments are clamped. */
const MAX_EXPONENT = 708;
/** exp(r) for |r| ≤ ln 2 / 2 by its Taylor series: the term of degree 14 is below 5e-18. */
const DEGREE = 13;

/** e^x within 1e-13 of it (relative); x is clamped to ±708. */
export function exactExp(x: number): number {
  const clamped = Math.min(Math.max(x, -MAX_EXPONENT), MAX_EXPONENT);
  const halvings = Math.round(clamped / LN2);
  const rest = clamped - halvings * LN2;
  let sum = 1;
  for (let degree = DEGREE; degree >= 1; degree--) sum = 1 + (sum * rest) / degree;
  const factor = halvings < 0 ? 0.5 : 2;
  for (let left = Math.abs(halvings); left > 0; left--) sum *= factor;
  return sum;
}

/** 1 / (1 + e^−x). */
export const exactSigmoid = (x: number): number => 1 / (1 + exactExp(-x));

/** Cosine and sine of the angle whose half has the tangent `t`: exactly on the unit circle up to rounding. */
export function rotation(t: number): { readonly cos: number; readonly sin: number } {
  const square = t * t;
  return { cos: (1 - square) / (1 + square), sin: (2 * t) / (1 + square) };
}
