// What is said about a data file that can't be used, and the few questions asked of a file before it is parsed.

/** Why a file was refused, for code; the message says it to people. */
export type DataFileFault =
  | 'empty'
  | 'compressed'
  | 'unknown-format'
  | 'truncated'
  | 'trailing-bytes'
  | 'wrong-dimensions'
  | 'wrong-type'
  | 'too-large'
  | 'bad-line'
  | 'bad-label'
  | 'one-class'
  | 'counts-differ'
  | 'sizes-differ'
  | 'too-few'
  | 'missing-file'
  | 'mixed-kinds'
  | 'too-many-files';

/** A file, or a set of files, that is not usable data. The message names the file and tells the user what to do. */
export class BadDataFile extends Error {
  override name = 'BadDataFile';
  constructor(
    readonly file: string,
    readonly fault: DataFileFault,
    sentence: string,
  ) {
    super(file === '' ? sentence : `${file}: ${sentence}`);
  }
}

/** A line of a text file that can't be read. Line and column count from 1; columns are bytes. */
export class BadLine extends BadDataFile {
  override name = 'BadLine';
  constructor(
    file: string,
    readonly line: number,
    readonly column: number,
    fault: 'bad-line' | 'bad-label',
    sentence: string,
  ) {
    super(file, fault, `line ${line}, column ${column}: ${sentence}`);
  }
}

/** Whether bytes are a gzip member (RFC 1952, section 2.3.1): the runtime decompresses before anything here parses. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;

/** Rows of a text file that can't be read, of which the first is told. They may be skipped, where the user wants that. */
export class BadRows extends BadLine {
  override name = 'BadRows';
  constructor(
    file: string,
    readonly rows: number,
    first: { readonly line: number; readonly column: number; readonly sentence: string },
  ) {
    const advice = rows === 1 ? 'mend this row, or skip it' : `${rows} rows are bad: mend them, or skip them`;
    super(file, first.line, first.column, 'bad-line', `${first.sentence}; ${advice}`);
  }
}
