// Buffers that are used again: memory that is new to the process costs more than what is copied into it (62 KiB made, filled and
// transferred: 1.3 to 2.3 ms a MB; into one that has been used before: 0.06).

/** Under this nothing is kept: many fit a page of memory, and a message to give them back would cost more. */
const LEAST_BYTES = 4 * 1024;

export class BufferPool {
  /** By size. */
  private readonly free = new Map<number, ArrayBuffer[]>();
  private bytes = 0;

  /** @param maxBytes that lie here at most */
  constructor(private readonly maxBytes: number) {}

  /** Room for so many bytes, with anything in it: of a buffer at most a quarter larger that is the caller's alone. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes < LEAST_BYTES) return new Uint8Array(bytes);
    const size = sizeOf(bytes);
    const buffer = this.free.get(size)?.pop();
    if (buffer === undefined) return new Uint8Array(new ArrayBuffer(size), 0, bytes);
    this.bytes -= size;
    return new Uint8Array(buffer, 0, bytes);
  }

  /** Takes a buffer that nobody uses any more. One of a size that is never asked for, or too many, are let go. */
  give(buffer: ArrayBuffer): void {
    const size = buffer.byteLength;
    if (!isPooled(size) || this.bytes + size > this.maxBytes) return;
    this.bytes += size;
    const alike = this.free.get(size);
    if (alike === undefined) this.free.set(size, [buffer]);
    else alike.push(buffer);
  }
}

/** Is a buffer of this size one that a pool hands out and takes back? */
export const isPooled = (bytes: number): boolean => bytes >= LEAST_BYTES && bytes === sizeOf(bytes);

/** Rounded up to one of four sizes between a power of two and the next. */
function sizeOf(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
