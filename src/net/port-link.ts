// A link over a MessagePort: trainer and shard in one tab. A frame is copied once, into a buffer that is transferred, or not at
// all where its sender gives away the buffer that it has to itself; what the receiver has no more use for comes back with its
// credits, to be filled again. What waits together travels together: a message is a task.
// A port has no back-pressure of its own, so the receiver counts back what it has taken (credits).
// Messages: an array of Uint8Arrays are frames, each with its buffer; a number and the ArrayBuffers that come back are a credit in
// bytes; a string is the reason of a close.
import { MAX_FRAME_BYTES, MAX_LINK_QUEUE_BYTES } from '../protocol/limits.ts';
import { BufferPool, isPooled } from './buffer-pool.ts';
import { frameBytes } from './chunks.ts';
import { Fifo } from './fifo.ts';
import type { Link, LinkHandlers, LinkStats, Priority } from './link.ts';

/** Bytes under way in a port before the sender waits. A few dense models: more gains nothing, the copy is the cost. */
const PORT_WINDOW_BYTES = 8 * 1024 * 1024;

/** The receiver credits in steps: a quarter of the window, so that the sender never runs dry for want of a credit. */
const CREDIT_STEP_BYTES = PORT_WINDOW_BYTES / 4;

const NO_FRAME = 'the other end sent something that is no frame';

/** What an empty frame counts, so that a flood of them is bounded too: about what the browser keeps per message. */
const FRAME_COST_BYTES = 64;

/** Frames in one message: more would only wait for each other. */
const MAX_BATCH = 16;

/** Buffers that come back with one credit: those that went with it, were they as small as any that comes back. */
const MAX_RETURNED = 512;

/** A frame under this share of its buffer is copied out: its receiver would keep all of it alive. */
const MIN_GIVEN_SHARE = 1 / 2;

interface WaitingFrame {
  readonly parts: readonly Uint8Array[];
  readonly cost: number;
  readonly isGiven: boolean;
  readonly onCopied: (() => void) | undefined;
}

export class PortLink implements Link {
  /** Frames by priority, taken from the front. */
  private readonly queues = [0, 1, 2, 3].map(() => new Fifo<WaitingFrame>());
  private underWay = 0;
  private uncredited = 0;
  private isClosed = false;
  private isFlushing = false;
  /** To be filled: what has come back. */
  private readonly pool = new BufferPool(PORT_WINDOW_BYTES);
  /** Buffers of the other end's, to go back with the next credit. */
  private returned: ArrayBuffer[] = [];
  private readonly counts: LinkStats = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 };
  queuedBytes = 0;
  readonly bytesPerMs = null;

  constructor(
    private readonly port: MessagePort,
    private readonly handlers: LinkHandlers,
  ) {
    port.onmessage = (event) => this.receive(event.data);
    port.onmessageerror = () => this.close('a message on the port could not be read');
    // Fires where the other end's worker or tab is gone (Chromium 122, Firefox 136, Node); elsewhere the runtime knows.
    port.addEventListener('close', this.onPortClose);
    port.start();
  }

  get stats(): LinkStats {
    return this.counts;
  }

  send(parts: readonly Uint8Array[], priority: Priority, onCopied?: () => void): void {
    this.queue(parts, priority, false, onCopied);
  }

  /** Sends a frame whose buffer nobody else uses, nor the caller any more: where it is most of it, that is transferred. */
  give(frame: Uint8Array, priority: Priority): void {
    this.queue([frame], priority, true);
  }

  /** Lets the other end fill the buffer of a frame that came from there again: nobody here reads it any more. */
  giveBack({ buffer }: Uint8Array): void {
    if (this.isClosed || !(buffer instanceof ArrayBuffer) || !isPooled(buffer.byteLength)) return;
    if (this.returned.length < MAX_RETURNED) this.returned.push(buffer);
  }

  private queue(parts: readonly Uint8Array[], priority: Priority, isGiven: boolean, onCopied?: () => void): void {
    if (this.isClosed) return;
    const cost = frameBytes(parts) + FRAME_COST_BYTES;
    this.queues[priority]?.push({ parts, cost, isGiven, onCopied });
    this.queuedBytes += cost;
    if (this.queuedBytes > MAX_LINK_QUEUE_BYTES) {
      this.close(`over ${MAX_LINK_QUEUE_BYTES} bytes were waiting to be sent: the other end is too slow`);
      return;
    }
    if (this.isFlushing) return;
    this.isFlushing = true;
    queueMicrotask(() => {
      this.isFlushing = false;
      this.pump();
    });
  }

  close(reason: string): void {
    if (this.isClosed) return;
    this.port.postMessage(reason);
    this.end(reason);
  }

  private readonly onPortClose = (): void => this.end('the other end of the port is gone');

  private pump(): void {
    for (let batch = this.nextBatch(); batch.length > 0; batch = this.nextBatch()) {
      this.port.postMessage(
        batch,
        batch.map(({ buffer }) => buffer),
      );
    }
  }

  private nextBatch(): Uint8Array<ArrayBuffer>[] {
    const batch: Uint8Array<ArrayBuffer>[] = [];
    // Over the window by at most one frame, so that a frame larger than it still goes.
    while (!this.isClosed && this.underWay < PORT_WINDOW_BYTES && batch.length < MAX_BATCH) {
      const frame = this.queues.find((queue) => queue.length > 0)?.shift();
      if (frame === undefined) break;
      const bytes = this.ownBytes(frame);
      this.queuedBytes -= frame.cost;
      this.underWay += frame.cost;
      this.counts.framesOut++;
      this.counts.bytesOut += bytes.byteLength;
      batch.push(bytes);
    }
    return batch;
  }

  /** The frame's bytes in a buffer that can be transferred. */
  private ownBytes({ parts, cost, isGiven, onCopied }: WaitingFrame): Uint8Array<ArrayBuffer> {
    const [whole] = parts;
    if (isGiven && whole !== undefined && hasItsBuffer(whole)) return whole;
    const joined = this.pool.take(cost - FRAME_COST_BYTES);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.byteLength;
    }
    onCopied?.();
    return joined;
  }

  private receive(data: unknown): void {
    if (this.isClosed) return;
    if (Array.isArray(data) && typeof data[0] === 'number') this.receiveCredit(data[0], data.slice(1));
    else if (Array.isArray(data)) this.receiveFrames(data);
    else if (typeof data === 'string') this.end(`closed by the other end: ${data}`);
    else this.close(NO_FRAME);
  }

  private receiveFrames(batch: readonly unknown[]): void {
    for (const data of batch) {
      // A handler may close the link between two frames of one message: nothing arrives after that.
      if (this.isClosed) return;
      if (data instanceof Uint8Array) this.receiveFrame(data);
      else this.close(NO_FRAME);
    }
  }

  private receiveFrame(frame: Uint8Array): void {
    if (frame.byteLength > MAX_FRAME_BYTES) {
      this.close(`a frame of over ${MAX_FRAME_BYTES} bytes`);
      return;
    }
    this.counts.framesIn++;
    this.counts.bytesIn += frame.byteLength;
    this.uncredited += frame.byteLength + FRAME_COST_BYTES;
    if (this.uncredited >= CREDIT_STEP_BYTES) {
      this.port.postMessage([this.uncredited, ...this.returned], this.returned);
      this.uncredited = 0;
      this.returned = [];
    }
    this.handlers.onFrame(frame);
  }

  private receiveCredit(bytes: number, returned: readonly unknown[]): void {
    if (!(bytes > 0 && bytes <= this.underWay)) {
      this.close(`a credit of ${bytes} bytes that were never sent`);
      return;
    }
    this.underWay -= bytes;
    for (const buffer of returned) if (buffer instanceof ArrayBuffer) this.pool.give(buffer);
    this.pump();
  }

  private end(reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const queue of this.queues) queue.clear();
    this.queuedBytes = 0;
    this.port.onmessage = null;
    this.port.onmessageerror = null;
    this.port.removeEventListener('close', this.onPortClose);
    this.port.close();
    this.handlers.onClose(reason);
  }
}

const hasItsBuffer = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength >= bytes.buffer.byteLength * MIN_GIVEN_SHARE;

/** Opens a link over one end of a `MessageChannel`. Both ends must be opened this way. */
export const portLink =
  (port: MessagePort) =>
  (handlers: LinkHandlers): PortLink =>
    new PortLink(port, handlers);
