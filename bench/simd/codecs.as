// AssemblyScript, not TypeScript: the inner loops of f16 and int8 (src/ps/filters) as WebAssembly with SIMD, bit for bit the
// same. What they would bring is measured by `npm run bench -- codecs`; the page does without them (ARCHITECTURE, "Open ends").
// `count` is a multiple of 256.

const BLOCK: i32 = 256;
const STEP: u32 = 1_664_525;
const SHIFT: u32 = 1_013_904_223;

export function encodeF16(values: usize, out: usize, count: i32): void {
  const magnitude = i32x4.splat(0x7fffffff);
  for (let i = 0; i < count; i += 8) {
    const low = half(v128.load(values + (<usize>i << 2)), magnitude);
    const high = half(v128.load(values + (<usize>i << 2) + 16), magnitude);
    v128.store(out + (<usize>i << 1), i16x8.narrow_i32x4_u(low, high));
  }
}

// @ts-ignore: decorator
@inline
function half(value: v128, magnitude: v128): v128 {
  const size = v128.and(value, magnitude);
  const sign = v128.and(i32x4.shr_u(value, 16), i32x4.splat(0x8000));
  const odd = v128.and(i32x4.shr_u(size, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(size, i32x4.splat(0xfff - 0x38000000)), odd), 13);
  const small = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(size, f32x4.splat(16_777_216))));
  const finite = v128.bitselect(normal, small, i32x4.ge_s(size, i32x4.splat(0x38800000)));
  const found = v128.bitselect(i32x4.splat(0x7bff), finite, i32x4.ge_s(size, i32x4.splat(0x477ff000)));
  return v128.or(sign, found);
}

export function decodeF16(halves: usize, out: usize, count: i32): void {
  const unbias = f32x4.splat(reinterpret<f32>(0x77800000));
  for (let i = 0; i < count; i += 4) {
    const wide = i32x4.extend_low_i16x8_u(v128.load64_zero(halves + (<usize>i << 1)));
    const sign = i32x4.shl(v128.and(wide, i32x4.splat(0x8000)), 16);
    const rest = i32x4.shl(v128.and(wide, i32x4.splat(0x7fff)), 13);
    v128.store(out + (<usize>i << 2), f32x4.mul(v128.or(sign, rest), unbias));
  }
}

/** Scales, then levels, as `int8` in quantise.ts has them. */
export function encodeInt8(values: usize, out: usize, count: i32, seed: i32): void {
  const blocks = count / BLOCK;
  const levels = out + (<usize>blocks << 2);
  // Four states of the generator side by side, each four steps on at a time.
  let state: u32 = seed;
  const s1 = state * STEP + SHIFT;
  const s2 = s1 * STEP + SHIFT;
  const s3 = s2 * STEP + SHIFT;
  const s4 = s3 * STEP + SHIFT;
  let states = i32x4(s1, s2, s3, s4);
  const step4 = i32x4.splat(STEP * STEP * STEP * STEP);
  const shift4 = i32x4.splat(SHIFT * (STEP * STEP * STEP + STEP * STEP + STEP + 1));
  const unit = f64x2.splat(1.0 / 16_777_216.0);
  const middle = f64x2.splat(128);
  for (let block = 0; block < blocks; block++) {
    const from = values + (<usize>(block * BLOCK) << 2);
    let most = f32x4.splat(0);
    for (let i = 0; i < BLOCK; i += 4) most = f32x4.max(most, f32x4.abs(v128.load(from + (<usize>i << 2))));
    const largest = max(
      max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    );
    const scale = <f32>(<f64>largest / 127.0);
    store<f32>(out + (<usize>block << 2), scale);
    const perLevel = f64x2.splat(scale == 0 ? 0 : 1.0 / <f64>scale);
    for (let i = 0; i < BLOCK; i += 8) {
      const a = level(v128.load(from + (<usize>i << 2)), perLevel, states, unit, middle);
      states = i32x4.add(i32x4.mul(states, step4), shift4);
      const b = level(v128.load(from + (<usize>i << 2) + 16), perLevel, states, unit, middle);
      states = i32x4.add(i32x4.mul(states, step4), shift4);
      const narrow = i16x8.narrow_i32x4_s(a, b);
      v128.store64_lane(levels + <usize>(block * BLOCK + i), i8x16.narrow_i16x8_s(narrow, narrow), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function level(values: v128, perLevel: v128, states: v128, unit: v128, middle: v128): v128 {
  const random = i32x4.shr_u(states, 8);
  const low = f64x2.add(
    f64x2.add(
      f64x2.mul(f64x2.promote_low_f32x4(values), perLevel),
      f64x2.mul(f64x2.convert_low_i32x4_s(random), unit),
    ),
    middle,
  );
  const highValues = i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const highRandom = i8x16.shuffle(random, random, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const high = f64x2.add(
    f64x2.add(
      f64x2.mul(f64x2.promote_low_f32x4(highValues), perLevel),
      f64x2.mul(f64x2.convert_low_i32x4_s(highRandom), unit),
    ),
    middle,
  );
  const whole = i8x16.shuffle(
    i32x4.trunc_sat_f64x2_s_zero(low),
    i32x4.trunc_sat_f64x2_s_zero(high),
    0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23,
  );
  return i32x4.sub(i32x4.min_s(whole, i32x4.splat(255)), i32x4.splat(128));
}

export function decodeInt8(block: usize, out: usize, count: i32): void {
  const blocks = count / BLOCK;
  const levels = block + (<usize>blocks << 2);
  for (let at = 0; at < blocks; at++) {
    const scale = f32x4.splat(load<f32>(block + (<usize>at << 2)));
    for (let i = at * BLOCK; i < (at + 1) * BLOCK; i += 8) {
      const wide = i16x8.extend_low_i8x16_s(v128.load64_zero(levels + <usize>i));
      const to = out + (<usize>i << 2);
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide)), scale));
      v128.store(to + 16, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(wide)), scale));
    }
  }
}
