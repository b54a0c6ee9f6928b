// A bounds-checked reader and a growing writer of little-endian bytes. Everything that arrives is read through here.

/** Bytes that are not what they claim to be. The message says what was expected and where. */
export class MalformedBytes extends Error {
  override name = 'MalformedBytes';
}

/** Reads little-endian values in order; every read checks that the bytes are there. Views alias the input. */
export class ByteReader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.byteLength - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A view of the next `length` floats, copied only where the input isn't aligned. */
  f32s(length: number): Float32Array {
    const raw = this.raw(length * 4);
    if (raw.byteOffset % 4 === 0) return new Float32Array(raw.buffer, raw.byteOffset, length);
    return new Float32Array(raw.slice().buffer, 0, length);
  }

  /** A view of the next `length` unsigned integers, copied only where the input isn't aligned. */
  u32s(length: number): Uint32Array {
    const raw = this.raw(length * 4);
    if (raw.byteOffset % 4 === 0) return new Uint32Array(raw.buffer, raw.byteOffset, length);
    return new Uint32Array(raw.slice().buffer, 0, length);
  }

  /** Refuses trailing bytes: a frame that is longer than it says is not a frame we know. */
  end(): void {
    if (this.remaining !== 0) throw new MalformedBytes(`${this.remaining} bytes left over at ${this.at}`);
  }

  private take(length: number): number {
    if (length > this.remaining) {
      throw new MalformedBytes(`expected ${length} bytes at ${this.at}, found ${this.remaining}`);
    }
    const start = this.at;
    this.at += length;
    return start;
  }
}

/** Writes little-endian values into a buffer that doubles; `finish` returns what was written. */
export class ByteWriter {
  private view: DataView;
  private at = 0;

  constructor(capacity = 64) {
    this.view = new DataView(new ArrayBuffer(capacity));
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  i32(value: number): this {
    const at = this.reserve(4);
    this.view.setInt32(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.reserve(8);
    this.view.setFloat64(at, value, true);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const start = this.reserve(bytes.byteLength);
    new Uint8Array(this.view.buffer).set(bytes, start);
    return this;
  }

  finish(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, this.at);
  }

  private reserve(length: number): number {
    const start = this.at;
    this.at += length;
    if (this.at > this.view.byteLength) {
      const grown = new Uint8Array(Math.max(this.at, this.view.byteLength * 2));
      grown.set(new Uint8Array(this.view.buffer, 0, start));
      this.view = new DataView(grown.buffer);
    }
    return start;
  }
}

/** The bytes of a typed array, without copying. */
export const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
