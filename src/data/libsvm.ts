// libsvm text: `label index:value index:value …`, one sample a line. Scanned as bytes, in two passes: the first counts,
// so that the second fills arrays of the right size. Format: the LIBSVM README (Chang and Lin).
import { BadDataFile, BadLine } from './data-file.ts';
import type { SparseBlock } from './dataset.ts';
import { MAX_SPARSE_FEATURES, MAX_VALUE } from './limits.ts';
import { isSpace, NumberScanner } from './number-scanner.ts';

/** A parsed file. Keys are the file's own indexes: 1-based files leave key 0 unused. */
export interface LibsvmFile {
  readonly count: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** Labels as written: -1, 0, 1 or 2. */
  readonly labels: Int8Array;
  /** Largest index plus one; 0 where no line has a feature. */
  readonly features: number;
  /** The one or two different labels, ascending. */
  readonly classes: readonly number[];
}

const NEWLINE = 10;
const COLON = 58;
const HASH = 35;
/** Which two labels may stand together, as [label of class 0, label of class 1]. */
const LABEL_PAIRS: readonly (readonly [number, number])[] = [
  [0, 1],
  [-1, 1],
  [1, 2],
];
const LABEL_ADVICE = 'labels must be two classes: 0 and 1, -1 and +1, or 1 and 2';

/**
 * Parses libsvm text. Indexes ascend within a line; blank lines and `#` comments are skipped; a line may have no
 * features. Throws `BadLine` with line and column for anything else, `BadDataFile` for a file without samples.
 */
export function parseLibsvm(file: string, bytes: Uint8Array): LibsvmFile {
  if (bytes.byteLength === 0) throw new BadDataFile(file, 'empty', 'the file is empty');
  const parser = new LibsvmParser(file, bytes);
  parser.parse();
  const parsed = parser.finish();
  if (parsed.count === 0) throw new BadDataFile(file, 'empty', 'the file has no samples, only blank lines or comments');
  return parsed;
}

class LibsvmParser {
  private readonly scanner: NumberScanner;
  private readonly indptr: Uint32Array;
  private readonly indices: Uint32Array;
  private readonly values: Float32Array;
  private readonly labels: Int8Array;
  private readonly classes: number[] = [];
  private rows = 0;
  private stored = 0;
  private features = 0;
  private at = 0;
  private line = 1;
  private lineStart = 0;

  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
  ) {
    let newlines = 0;
    let colons = 0;
    for (const byte of bytes) {
      if (byte === NEWLINE) newlines++;
      else if (byte === COLON) colons++;
    }
    this.scanner = new NumberScanner(bytes);
    this.labels = new Int8Array(newlines + 1);
    this.indptr = new Uint32Array(newlines + 2);
    this.indices = new Uint32Array(colons);
    this.values = new Float32Array(colons);
  }

  parse(): void {
    while (this.at < this.bytes.length) {
      this.skipSpaces();
      if (!this.atLineEnd()) this.parseSample();
      this.skipLine();
    }
  }

  finish(): LibsvmFile {
    return {
      count: this.rows,
      indptr: this.indptr.subarray(0, this.rows + 1),
      indices: this.indices.subarray(0, this.stored),
      values: this.values.subarray(0, this.stored),
      labels: this.labels.subarray(0, this.rows),
      features: this.features,
      classes: this.classes.toSorted((a, b) => a - b),
    };
  }

  private parseSample(): void {
    this.labels[this.rows] = this.parseLabel();
    let previous = -1;
    for (this.skipSpaces(); !this.atLineEnd(); this.skipSpaces()) previous = this.parseFeature(previous);
    this.rows++;
    this.indptr[this.rows] = this.stored;
  }

  private parseLabel(): number {
    const start = this.at;
    const label = this.scanner.number(start);
    this.at = this.scanner.end;
    if (this.at === start || !this.atTokenEnd()) {
      throw this.fault(start, `expected a label, found ${this.scanner.excerpt(start)}: ${LABEL_ADVICE}`, 'bad-label');
    }
    if (!this.classes.includes(label)) this.addClass(start, label);
    return label;
  }

  private addClass(start: number, label: number): void {
    const classes = [...this.classes, label];
    const known = LABEL_PAIRS.some((pair) => classes.length <= 2 && classes.every((each) => pair.includes(each)));
    if (!known) {
      const before = this.classes.length === 0 ? '' : ` after ${this.classes.join(' and ')}`;
      throw this.fault(start, `label ${this.scanner.excerpt(start)}${before}: ${LABEL_ADVICE}`, 'bad-label');
    }
    this.classes.push(label);
  }

  /** Reads one `index:value`; returns the index. */
  private parseFeature(previous: number): number {
    const start = this.at;
    const index = this.scanner.integer(start);
    this.at = this.scanner.end;
    if (this.at === start || this.bytes[this.at] !== COLON) {
      throw this.fault(start, `expected index:value, found ${this.scanner.excerpt(start)}`);
    }
    if (index <= previous) {
      throw this.fault(start, `index ${index} after ${previous}: indexes must ascend within a line; sort them`);
    }
    if (index >= MAX_SPARSE_FEATURES) {
      throw this.fault(
        start,
        `index ${index} is too large: the limit is ${MAX_SPARSE_FEATURES - 1}; renumber features`,
      );
    }
    this.at++;
    this.indices[this.stored] = index;
    this.values[this.stored] = this.parseValue(index);
    this.stored++;
    if (index >= this.features) this.features = index + 1;
    return index;
  }

  private parseValue(index: number): number {
    const start = this.at;
    const value = this.scanner.number(start);
    this.at = this.scanner.end;
    if (this.at === start || !this.atTokenEnd()) {
      throw this.fault(start, `the value of index ${index} is ${this.scanner.excerpt(start)}, not a finite number`);
    }
    if (Math.abs(value) > MAX_VALUE) {
      const text = this.scanner.excerpt(start);
      throw this.fault(start, `the value of index ${index} is ${text}, larger than ${MAX_VALUE}: scale the data`);
    }
    return value;
  }

  private skipSpaces(): void {
    while (isSpace(this.bytes[this.at])) this.at++;
  }

  private atLineEnd(): boolean {
    const byte = this.bytes[this.at];
    return byte === undefined || byte === NEWLINE || byte === HASH;
  }

  private atTokenEnd(): boolean {
    return this.atLineEnd() || isSpace(this.bytes[this.at]);
  }

  private skipLine(): void {
    while (this.at < this.bytes.length && this.bytes[this.at] !== NEWLINE) this.at++;
    this.at++;
    this.line++;
    this.lineStart = this.at;
  }

  private fault(at: number, sentence: string, fault: 'bad-line' | 'bad-label' = 'bad-line'): BadLine {
    return new BadLine(this.file, this.line, at - this.lineStart + 1, fault, sentence);
  }
}

/**
 * The samples as a block, with labels 0 and 1. `classes` are the two labels of the training file, whose smaller is 0,
 * so that a test file is read the same way. Throws `BadDataFile` where the file has only one class of its own or
 * labels that the training file doesn't.
 */
export function libsvmBlock(file: string, parsed: LibsvmFile, classes: readonly number[]): SparseBlock {
  const [zero, one] = classes;
  if (zero === undefined || one === undefined) {
    throw new BadDataFile(file, 'one-class', `every label is ${zero}: there is nothing to learn; ${LABEL_ADVICE}`);
  }
  const strange = parsed.classes.find((label) => !classes.includes(label));
  if (strange !== undefined) {
    throw new BadDataFile(
      file,
      'bad-label',
      `has label ${strange}, but the training file's labels are ${zero} and ${one}`,
    );
  }
  const y = Uint32Array.from(parsed.labels, (label) => (label === one ? 1 : 0));
  const { count, indptr, indices, values } = parsed;
  return { kind: 'sparse', count, indptr, indices, values, y };
}

/** Bytes looked at to tell libsvm from other text: a label and the start of one feature fit in far less. */
const SNIFF_BYTES = 4_096;

/** Whether the first sample line begins like libsvm: a number, then nothing or a token with a colon in it. */
export function looksLikeLibsvm(bytes: Uint8Array): boolean {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, SNIFF_BYTES));
  const first = head.split('\n').find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (first === undefined) return false;
  return /^\s*[+-]?(\d+\.?\d*|\.\d+|nan|inf)(e[+-]?\d+)?\s*(\s[^\s:]+:\S*.*|#.*)?$/i.test(first);
}
