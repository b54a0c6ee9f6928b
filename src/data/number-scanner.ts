// Decimal numbers out of bytes, without making strings: exact, and several times faster than decoding and splitting.

const ZERO = 48;
const NINE = 57;
const DOT = 46;
const PLUS = 43;
const MINUS = 45;

/** Up to here a digit string is an exact double. */
const MAX_EXACT = 2 ** 53;
/** Powers of ten that are exact doubles: an exact integer times or over one of them is correctly rounded (Clinger 1990). */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** Space, tab or carriage return: what separates tokens within a line. */
export const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 9 || byte === 13;

const isDigit = (byte: number | undefined): byte is number => byte !== undefined && byte >= ZERO && byte <= NINE;

/** Reads numbers at given places. After each read, `end` is where it stopped; equal to the start when there was none. */
export class NumberScanner {
  end = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** An unsigned decimal integer; large ones lose digits but stay large. */
  integer(start: number): number {
    let at = start;
    let value = 0;
    for (let byte = this.bytes[at]; isDigit(byte); byte = this.bytes[++at]) value = value * 10 + (byte - ZERO);
    this.end = at;
    return value;
  }

  /** A signed decimal with optional fraction and exponent, correctly rounded. Not NaN, not infinity by name. */
  number(start: number): number {
    const sign = this.bytes[start];
    let at = sign === PLUS || sign === MINUS ? start + 1 : start;
    const digits = at;
    const whole = this.integer(at);
    at = this.end;
    let mantissa = whole;
    let power = 0;
    let count = at - digits;
    if (this.bytes[at] === DOT) {
      const fraction = at + 1;
      at = fraction;
      for (let byte = this.bytes[at]; isDigit(byte); byte = this.bytes[++at]) mantissa = mantissa * 10 + (byte - ZERO);
      power = fraction - at;
      count += at - fraction;
    }
    if (count === 0) {
      this.end = start;
      return 0;
    }
    this.end = at;
    power += this.exponent(at);
    const size = this.scale(digits, mantissa, power);
    return sign === MINUS ? -size : size;
  }

  /** What stands at a place, for a message: the token, shortened, in quotes. */
  excerpt(start: number): string {
    let end = start;
    while (end < this.bytes.length && end - start < 20 && !isSpace(this.bytes[end]) && this.bytes[end] !== 10) end++;
    if (end === start) return 'nothing';
    return JSON.stringify(new TextDecoder('latin1').decode(this.bytes.subarray(start, end)));
  }

  /** The power of ten written at `at` (`e-3`), 0 where there is none; moves `end` past it. */
  private exponent(at: number): number {
    if (((this.bytes[at] ?? 0) | 32) !== 101) return 0;
    const sign = this.bytes[at + 1];
    const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
    const power = this.integer(digits);
    if (this.end === digits) {
      this.end = at;
      return 0;
    }
    return sign === MINUS ? -power : power;
  }

  private scale(digits: number, mantissa: number, power: number): number {
    if (power === 0 && mantissa <= MAX_EXACT) return mantissa;
    const scale = POWERS[Math.abs(power)];
    if (mantissa <= MAX_EXACT && scale !== undefined) return power < 0 ? mantissa / scale : mantissa * scale;
    // Rare: more digits or a larger exponent than the fast path rounds correctly.
    return Number(new TextDecoder('latin1').decode(this.bytes.subarray(digits, this.end)));
  }
}
