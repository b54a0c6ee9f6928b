// The wire format of a link, pure: frames out into messages of at most 64 KiB, messages in back into frames.
// A message is a sequence of chunks. A chunk is a header of 8 bytes: priority u8, flags u8 (1 first, 2 last), zero u16,
// length u32; then the payload, padded to 8 bytes so that payloads stay aligned. Small frames share a message, frames of
// half a message and more are begun in one of their own where that holds them whole: its receiver needs no copy; bigger
// ones span many. One frame is under way per priority; a higher priority cuts in between the chunks of a lower one.
// A message may begin with a credit, or be nothing else: a header with flag 4, whose length says how many bytes its sender has
// taken. So an acknowledgement and a credit share a message: on the way back messages are as many as on the way there.
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import { Fifo } from './fifo.ts';
import { Priority } from './link.ts';

/** Every chunk's header. Eight, so that what follows it is aligned for any typed array. */
export const CHUNK_HEADER_BYTES = 8;

const PRIORITIES = 4;
const PRIORITY_ORDER = [Priority.control, Priority.pull, Priority.push, Priority.bulk] as const;
const FIRST = 1;
const LAST = 2;
const CREDIT = 4;

/** A frame under this share of its message is copied out: a view of it would keep the whole message alive. So a message
 * has one view at most, whose holder may give the buffer away. */
const MIN_VIEW_SHARE = 1 / 2;

/** First room for a frame that spans messages, and the least it grows by: two messages. */
const MIN_ASSEMBLY_BYTES = 2 * MAX_MESSAGE_BYTES;

const padded = (bytes: number): number => (bytes + 7) & ~7;

/** A frame that nobody may send: the receiver would refuse it. */
export class FrameTooLarge extends Error {
  override name = 'FrameTooLarge';
  constructor(bytes: number) {
    super(`a frame of ${bytes} bytes; at most ${MAX_FRAME_BYTES} are allowed: split it into segments`);
  }
}

/** Bytes of a frame given in parts. @throws FrameTooLarge */
export function frameBytes(parts: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const part of parts) bytes += part.byteLength;
  if (bytes > MAX_FRAME_BYTES) throw new FrameTooLarge(bytes);
  return bytes;
}

interface WaitingFrame {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly onCopied: (() => void) | undefined;
}

/** Frames of one priority in order, and how far the first of them has been written. */
class FrameQueue {
  readonly frames = new Fifo<WaitingFrame>();
  private part = 0;
  private partOffset = 0;
  /** Bytes of the first frame already written. */
  written = 0;

  /** Copies the next `length` bytes of the first frame to `target` at `at`. */
  copy(frame: WaitingFrame, target: Uint8Array, at: number, length: number): void {
    this.written += length;
    while (length > 0) {
      const part = frame.parts[this.part];
      if (part === undefined) throw new RangeError('a frame ended before its bytes did');
      const taken = Math.min(length, part.byteLength - this.partOffset);
      const whole = taken === part.byteLength;
      target.set(whole ? part : part.subarray(this.partOffset, this.partOffset + taken), at);
      at += taken;
      length -= taken;
      this.partOffset += taken;
      if (this.partOffset === part.byteLength) {
        this.part++;
        this.partOffset = 0;
      }
    }
  }

  /** Drops the first frame, written whole. */
  shift(): void {
    this.frames.shift();
    this.part = 0;
    this.partOffset = 0;
    this.written = 0;
  }
}

/** Writes at the front of a message that `bytes` more have been taken. @returns where the rest of the message begins */
export function writeCredit(view: DataView, bytes: number): number {
  view.setUint32(0, CREDIT << 8, true);
  view.setUint32(4, bytes, true);
  return CHUNK_HEADER_BYTES;
}

/** The bytes that the front of a message credits; null where it doesn't begin with a credit. */
export function creditOf(message: Uint8Array): number | null {
  if (message.byteLength < CHUNK_HEADER_BYTES || message[1] !== CREDIT) return null;
  if (message[0] !== 0 || message[2] !== 0 || message[3] !== 0) throw new MalformedBytes('a credit with strange bytes');
  return new DataView(message.buffer, message.byteOffset, CHUNK_HEADER_BYTES).getUint32(4, true);
}

/** Frames waiting to go out, by priority. `fill` writes the next message. */
export class ChunkWriter {
  private readonly queues = Array.from({ length: PRIORITIES }, () => new FrameQueue());
  /** Bytes not yet written, one header per frame included, so that empty frames count too. */
  queuedBytes = 0;
  framesOut = 0;

  /** Queues a frame. The parts are copied when `fill` gets to them; `onCopied` is called once they are. @throws FrameTooLarge */
  add(parts: readonly Uint8Array[], priority: Priority, onCopied?: () => void): void {
    const bytes = frameBytes(parts);
    this.queue(priority).frames.push({ parts, bytes, onCopied });
    this.queuedBytes += bytes + CHUNK_HEADER_BYTES;
  }

  /** Forgets everything that waits. */
  clear(): void {
    for (let priority = 0; priority < PRIORITIES; priority++) this.queues[priority] = new FrameQueue();
    this.queuedBytes = 0;
  }

  /** The most urgent that waits; null where nothing does. */
  get next(): Priority | null {
    for (const priority of PRIORITY_ORDER) if (this.queue(priority).frames.first() !== undefined) return priority;
    return null;
  }

  /** Writes the next message into `target` from `at` on, as full as it gets; returns its length, `at` when nothing waits. */
  fill(target: Uint8Array, view: DataView, at = 0): number {
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const queue = this.queue(priority);
      let frame = queue.frames.first();
      while (frame !== undefined) {
        const room = target.byteLength - at - CHUNK_HEADER_BYTES;
        const left = frame.bytes - queue.written;
        if (room < left && (room < 8 || this.isKeptWhole(queue, target.byteLength, at))) return at;
        at = this.writeChunk(queue, frame, priority, Math.min(left, room & ~7), target, view, at);
        frame = queue.frames.first();
      }
    }
    return at;
  }

  /** Does the first frame wait for the next message, which holds it whole, where its reader needs no copy of it? */
  private isKeptWhole({ written, frames }: FrameQueue, messageBytes: number, at: number): boolean {
    const bytes = frames.first()?.bytes ?? 0;
    const fits = bytes + CHUNK_HEADER_BYTES <= messageBytes;
    return at > 0 && written === 0 && fits && bytes >= messageBytes * MIN_VIEW_SHARE;
  }

  private writeChunk(
    queue: FrameQueue,
    frame: WaitingFrame,
    priority: number,
    length: number,
    target: Uint8Array,
    view: DataView,
    at: number,
  ): number {
    const isFirst = queue.written === 0;
    const isLast = queue.written + length === frame.bytes;
    view.setUint8(at, priority);
    view.setUint8(at + 1, (isFirst ? FIRST : 0) | (isLast ? LAST : 0));
    view.setUint16(at + 2, 0);
    view.setUint32(at + 4, length, true);
    at += CHUNK_HEADER_BYTES;
    queue.copy(frame, target, at, length);
    const end = at + padded(length);
    target.fill(0, at + length, end);
    this.queuedBytes -= length;
    if (isLast) {
      queue.shift();
      this.queuedBytes -= CHUNK_HEADER_BYTES;
      this.framesOut++;
      frame.onCopied?.();
    }
    return end;
  }

  private queue(priority: number): FrameQueue {
    const queue = this.queues[priority];
    if (queue === undefined) throw new RangeError(`no priority ${priority}`);
    return queue;
  }
}

/** One frame that spans messages, as far as it has arrived. */
class Assembly {
  private bytes = new Uint8Array(0);
  private length = 0;
  /** Of the last frame: segments are alike, and one that fills its memory exactly can be passed on without a copy. */
  private lastLength = 0;
  isOpen = false;

  append(payload: Uint8Array): void {
    const needed = this.length + payload.byteLength;
    if (needed > MAX_FRAME_BYTES) throw new MalformedBytes(`a frame of over ${MAX_FRAME_BYTES} bytes`);
    if (needed > this.bytes.byteLength) {
      // Twice what has really arrived: a peer can't make us allocate by claiming a size.
      const most = Math.max(needed, Math.min(MAX_FRAME_BYTES, Math.max(2 * needed, MIN_ASSEMBLY_BYTES)));
      const isLikeLast = this.length === 0 && needed <= this.lastLength && this.lastLength <= most;
      const capacity = isLikeLast ? this.lastLength : most;
      const grown = new Uint8Array(capacity);
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(payload, this.length);
    this.length = needed;
    this.isOpen = true;
  }

  take(): Uint8Array {
    const frame = this.bytes.subarray(0, this.length);
    this.lastLength = this.length;
    this.bytes = new Uint8Array(0);
    this.length = 0;
    this.isOpen = false;
    return frame;
  }
}

/** Puts frames together again. Gives each to `onFrame` as soon as its last chunk is there. */
export class ChunkReader {
  private readonly assemblies = Array.from({ length: PRIORITIES }, () => new Assembly());
  framesIn = 0;

  constructor(private readonly onFrame: (frame: Uint8Array) => void) {}

  /**
   * Reads one message. A frame inside one message is a view of it, so the message must not change afterwards; its bytes
   * must start at a multiple of 8 in their buffer. @throws MalformedBytes: the link can't go on.
   */
  read(message: Uint8Array): void {
    const size = message.byteLength;
    if (size === 0 || size % 8 !== 0 || size > MAX_MESSAGE_BYTES) {
      throw new MalformedBytes(`a message of ${size} bytes; multiples of 8 up to ${MAX_MESSAGE_BYTES} are allowed`);
    }
    const view = new DataView(message.buffer, message.byteOffset, size);
    let at = 0;
    while (at < size) at = this.readChunk(message, view, at);
  }

  private readChunk(message: Uint8Array, view: DataView, at: number): number {
    const priority = view.getUint8(at);
    const flags = view.getUint8(at + 1);
    const length = view.getUint32(at + 4, true);
    const start = at + CHUNK_HEADER_BYTES;
    const assembly = this.assemblies[priority];
    if (assembly === undefined) throw new MalformedBytes(`a chunk of unknown priority ${priority} at ${at}`);
    if (flags > (FIRST | LAST) || view.getUint16(at + 2) !== 0) throw new MalformedBytes(`unknown flags at ${at}`);
    if (length > message.byteLength - start) {
      throw new MalformedBytes(`a chunk of ${length} bytes at ${at}, where ${message.byteLength - start} are left`);
    }
    const isFirst = (flags & FIRST) !== 0;
    const isLast = (flags & LAST) !== 0;
    if (isFirst === assembly.isOpen) {
      throw new MalformedBytes(isFirst ? `a frame starts inside another at ${at}` : `a chunk of no frame at ${at}`);
    }
    // Only an empty frame has an empty chunk; others could come for ever without ever counting.
    if (length === 0 && !(isFirst && isLast)) throw new MalformedBytes(`an empty chunk at ${at}`);
    this.accept(assembly, message.subarray(start, start + length), isFirst, isLast, message.byteLength);
    return start + padded(length);
  }

  private accept(
    assembly: Assembly,
    payload: Uint8Array,
    isFirst: boolean,
    isLast: boolean,
    messageBytes: number,
  ): void {
    if (!(isFirst && isLast)) {
      assembly.append(payload);
      if (!isLast) return;
    }
    this.framesIn++;
    if (!isFirst) this.onFrame(assembly.take());
    else this.onFrame(payload.byteLength < messageBytes * MIN_VIEW_SHARE ? payload.slice() : payload);
  }
}
