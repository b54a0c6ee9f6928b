// Rows of a table, out of it and back.

/** Rows of a table, `width` values each, in the order of `keys`. */
export function gatherRows(values: Float32Array, keys: Uint32Array, width: number): Float32Array {
  const rows = new Float32Array(keys.length * width);
  keys.forEach((key, row) => {
    rows.set(values.subarray(key * width, (key + 1) * width), row * width);
  });
  return rows;
}

/** Writes rows back to where `gatherRows` took them from. */
export function scatterRows(values: Float32Array, keys: Uint32Array, width: number, rows: Float32Array): void {
  keys.forEach((key, row) => {
    values.set(rows.subarray(row * width, (row + 1) * width), key * width);
  });
}
