/** Rows of a table, `width` values each, in the order of `keys`. */
export function gatherRows(values: Float32Array, keys: Uint32Array, width: number): Float32Array {
  const rows = new Float32Array(keys.length * width);
  keys.forEach((key, row) => {
    rows.set(values.subarray(key * width, (key + 1) * width), row * width);
  });
  return rows;
}
