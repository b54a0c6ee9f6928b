// A table as CSV (RFC 4180), for other programs to read.

const QUOTED = /[",\r\n]/;

const field = (value: string | number): string => {
  const text = String(value);
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** UTF-8 with a line for each row. */
export const encodeCsv = (rows: Iterable<readonly (string | number)[]>): Uint8Array =>
  new TextEncoder().encode(Array.from(rows, (row) => `${row.map(field).join(',')}\r\n`).join(''));

export const encodeJson = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
