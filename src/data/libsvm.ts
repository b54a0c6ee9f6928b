// libsvm text: `label index:value index:value …`, one sample a line. Scanned as bytes, line by line, into one row that is used
// again and again. Format: the LIBSVM README (Chang and Lin).
import type { BadRowCount } from './bad-rows.ts';
import { MAX_SPARSE_FEATURES, MAX_VALUE } from './limits.ts';
import { NumberLines } from './number-lines.ts';
import { isSpace } from './number-scanner.ts';
import { MAX_ROW_VALUES } from './row-blocks.ts';

const COLON = 58;
const HASH = 35;
/** Which two labels may stand together, as [label of class 0, label of class 1]. */
const LABEL_PAIRS: readonly (readonly [number, number])[] = [
  [0, 1],
  [-1, 1],
  [1, 2],
];
export const LABEL_ADVICE = 'labels must be two classes: 0 and 1, -1 and +1, or 1 and 2';

/** The labels of a training file, as it says them; a test file may have no others. */
export class LibsvmLabels {
  private readonly known: number[] = [];
  private isClosed = false;

  /** The one or two different labels, ascending: the smaller is class 0. */
  get classes(): readonly number[] {
    return this.known.toSorted((a, b) => a - b);
  }

  /** From now on no other label is one. */
  close(): void {
    this.isClosed = true;
  }

  /** Is it one of those, or can it be the other one? */
  allows(label: number): boolean {
    if (this.known.includes(label)) return true;
    const all = [...this.known, label];
    return !this.isClosed && LABEL_PAIRS.some((pair) => all.length <= 2 && all.every((each) => pair.includes(each)));
  }

  add(label: number): void {
    if (!this.known.includes(label)) this.known.push(label);
  }

  /** What is wrong with a label that isn't allowed. */
  complaint(text: string): string {
    const known = this.known.join(' and ');
    if (this.isClosed) return `label ${text}, but the training file's labels are ${this.classes.join(' and ')}`;
    return `label ${text}${known === '' ? '' : ` after ${known}`}: ${LABEL_ADVICE}`;
  }
}

/** One sample as it stands in a file. Keys are the file's own indexes: 1-based files leave key 0 unused. */
export interface LibsvmRow {
  /** As written: -1, 0, 1 or 2. */
  readonly label: number;
  /** Features; the arrays may be longer. */
  readonly length: number;
  /** Ascending. */
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/**
 * Reads libsvm text. Indexes ascend within a line; blank lines and `#` comments are skipped; a line may have no features.
 * Everything else is a bad row.
 */
export class LibsvmReader extends NumberLines {
  private at = 0;
  private readonly row = { label: 0, length: 0, indices: new Uint32Array(256), values: new Float32Array(256) };

  /** @param onRow is given every good row, valid during the call only */
  constructor(
    private readonly labels: LibsvmLabels,
    badRows: BadRowCount,
    private readonly onRow: (row: LibsvmRow) => void,
  ) {
    super(badRows);
  }

  protected readLine(): void {
    this.row.length = 0;
    this.at = this.skipSpaces(this.lineStart);
    if (this.atLineEnd() || !this.readLabel()) return;
    for (this.at = this.skipSpaces(this.at); !this.atLineEnd(); this.at = this.skipSpaces(this.at)) {
      if (!this.readFeature()) return;
    }
    this.labels.add(this.row.label);
    this.onRow(this.row);
  }

  private readLabel(): boolean {
    const start = this.at;
    const label = this.scanner.number(start);
    this.at = this.scanner.end;
    if (this.at === start || !this.atTokenEnd()) {
      return this.isBad(start, `expected a label, found ${this.scanner.excerpt(start)}: ${LABEL_ADVICE}`);
    }
    if (!this.labels.allows(label)) return this.isBad(start, this.labels.complaint(this.scanner.excerpt(start)));
    this.row.label = label;
    return true;
  }

  /** Reads one `index:value`. */
  private readFeature(): boolean {
    const { row, scanner } = this;
    const start = this.at;
    const index = scanner.integer(start);
    this.at = scanner.end;
    if (this.at === start || this.bytes[this.at] !== COLON) {
      return this.isBad(start, `expected index:value, found ${scanner.excerpt(start)}`);
    }
    const previous = row.length === 0 ? -1 : (row.indices[row.length - 1] as number);
    if (index <= previous) {
      return this.isBad(start, `index ${index} after ${previous}: indexes must ascend within a line; sort them`);
    }
    if (index >= MAX_SPARSE_FEATURES) {
      const advice = `the limit is ${MAX_SPARSE_FEATURES - 1}; renumber features`;
      return this.isBad(start, `index ${index} is too large: ${advice}`);
    }
    if (row.length === MAX_ROW_VALUES) return this.isBad(start, `more than ${MAX_ROW_VALUES} features in a row`);
    if (row.length === row.indices.length) this.grow();
    this.at++;
    row.indices[row.length] = index;
    return this.readValue(index);
  }

  private readValue(index: number): boolean {
    const { row, scanner } = this;
    const start = this.at;
    const value = scanner.number(start);
    this.at = scanner.end;
    if (this.at === start || !this.atTokenEnd()) {
      return this.isBad(start, `the value of index ${index} is ${scanner.excerpt(start)}, not a finite number`);
    }
    if (Math.abs(value) > MAX_VALUE) {
      const text = scanner.excerpt(start);
      return this.isBad(start, `the value of index ${index} is ${text}, larger than ${MAX_VALUE}: scale the data`);
    }
    row.values[row.length++] = value;
    return true;
  }

  private grow(): void {
    const { row } = this;
    const [indices, values] = [new Uint32Array(2 * row.length), new Float32Array(2 * row.length)];
    indices.set(row.indices);
    values.set(row.values);
    row.indices = indices;
    row.values = values;
  }

  private isBad(at: number, sentence: string): false {
    this.refuse(at, sentence);
    return false;
  }

  private atLineEnd(): boolean {
    return this.at >= this.lineEnd || this.bytes[this.at] === HASH;
  }

  private atTokenEnd(): boolean {
    return this.atLineEnd() || isSpace(this.bytes[this.at]);
  }
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
