// What the links over message transports share: queue, chunks, limits, one close. A transport moves whole messages in
// order. How many may be on their way is agreed between the ends: the receiver credits what it has taken, because a data
// channel's own `bufferedAmount` says nothing of what lies between, and too much of that is lost.
import { MalformedBytes } from '../protocol/bytes.ts';
import { CREDIT_STEP_BYTES, MAX_LINK_QUEUE_BYTES, MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import { CHUNK_HEADER_BYTES, ChunkReader, ChunkWriter, creditOf, writeCredit } from './chunks.ts';
import type { Link, LinkHandlers, LinkStats, Priority } from './link.ts';
import { LinkWindow } from './link-window.ts';
import { Outflow } from './outflow.ts';
import type { Pacer } from './pacer.ts';

/** Moves messages of at most 64 KiB to the other end, in order. */
export interface MessageTransport {
  /** Whether it is open. When it turns true, the transport calls `ChunkedLink.pump`. */
  canSend(): boolean;
  /** Sends one message. The bytes are overwritten after the call, so they are copied inside it. */
  send(message: Uint8Array<ArrayBuffer>): void;
  /** Ends the transport. What it reports afterwards is ignored. */
  close(reason: string): void;
}

/** How far a flush is put off so that frames of one task share messages: a microtask, or a simulator's queue. */
export type Defer = (run: () => void) => void;

/** What a link may be given besides its transport. */
export interface LinkOptions {
  /** Caps what it sends and takes, together with others. */
  readonly pacer?: Pacer | undefined;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
}

/** A link over a message transport. The transport's owner calls `pump`, `receive` and `end`. */
export class ChunkedLink implements Link {
  private readonly staging = new Uint8Array(MAX_MESSAGE_BYTES);
  private readonly stagingView = new DataView(this.staging.buffer);
  private readonly writer = new ChunkWriter();
  private readonly reader: ChunkReader;
  private bytesIn = 0;
  private readonly window = new LinkWindow();
  private readonly outflow = new Outflow();
  private readonly pacer: Pacer | undefined;
  private readonly now: () => number;
  private readonly goOn = (): void => this.pump();
  /** Bytes of messages taken and not yet credited to the other end. */
  private uncredited = 0;
  private bytesOut = 0;
  private isClosed = false;
  private isFlushing = false;

  constructor(
    private readonly transport: MessageTransport,
    private readonly handlers: LinkHandlers,
    private readonly defer: Defer,
    { pacer, now = () => performance.now() }: LinkOptions = {},
  ) {
    this.pacer = pacer;
    this.now = now;
    this.reader = new ChunkReader((frame) => {
      // A handler may close the link between two frames of one message: nothing arrives after that.
      if (!this.isClosed) this.handlers.onFrame(frame);
    });
  }

  get queuedBytes(): number {
    return this.writer.queuedBytes;
  }

  get bytesPerMs(): number | null {
    // A cap is known ahead of anything that has waited.
    const cap = this.pacer?.bytesPerMs ?? Number.POSITIVE_INFINITY;
    const least = Math.min(cap, this.outflow.bytesPerMs(this.now()) ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(least) ? least : null;
  }

  get stats(): LinkStats {
    return {
      framesIn: this.reader.framesIn,
      framesOut: this.writer.framesOut,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }

  send(parts: readonly Uint8Array[], priority: Priority, onCopied?: () => void): void {
    if (this.isClosed) return;
    this.writer.add(parts, priority, onCopied);
    if (this.writer.queuedBytes > MAX_LINK_QUEUE_BYTES) {
      this.close(`over ${MAX_LINK_QUEUE_BYTES} bytes were waiting to be sent: the other end is too slow`);
      return;
    }
    this.flush();
  }

  private flush(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    this.defer(() => {
      this.isFlushing = false;
      this.pump();
    });
  }

  /** Sends messages for as long as the transport takes them. */
  pump(): void {
    try {
      for (;;) {
        // One that is due goes with whatever is sent now, or alone.
        const credited = this.writeCredit();
        const mayFill = this.mayFill();
        if (credited === 0 && !mayFill) break;
        const length = mayFill ? this.writer.fill(this.room(), this.stagingView, credited) : credited;
        if (length > credited) this.window.onSent(length, this.now());
        this.transmit(length === this.staging.byteLength ? this.staging : this.staging.subarray(0, length));
      }
      // Until it is open, waiting says nothing of the path.
      if (!this.isClosed && this.transport.canSend()) this.outflow.look(this.writer.queuedBytes > 0, this.now());
    } catch (error) {
      this.close(`sending failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Over the window by at most one message, so that one that is larger than what is left of it still goes. */
  private mayFill(): boolean {
    const { isClosed, writer, window, transport, pacer } = this;
    const next = isClosed ? null : writer.next;
    if (next === null || !window.hasRoom || !transport.canSend()) return false;
    return pacer === undefined || pacer.maySend(next, this.goOn);
  }

  /** Where the next message is written. */
  private room(): Uint8Array<ArrayBuffer> {
    const bytes = this.pacer?.messageBytes ?? MAX_MESSAGE_BYTES;
    return bytes === this.staging.byteLength ? this.staging : this.staging.subarray(0, bytes);
  }

  private transmit(message: Uint8Array<ArrayBuffer>): void {
    this.bytesOut += message.byteLength;
    this.outflow.sent(message.byteLength);
    this.pacer?.sent(message.byteLength);
    this.transport.send(message);
  }

  /** Takes what arrived, whatever it is. Garbage closes the link. */
  receive(data: unknown): void {
    if (this.isClosed) return;
    if (!(data instanceof ArrayBuffer)) {
      this.close('the other end sent text where bytes belong', true);
      return;
    }
    this.bytesIn += data.byteLength;
    this.pacer?.received(data.byteLength);
    try {
      this.take(new Uint8Array(data));
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.close(`the other end sent bytes that are no frames: ${error.message}`, true);
    }
  }

  private take(message: Uint8Array): void {
    const credit = creditOf(message);
    if (credit !== null) {
      const { underWay } = this.window;
      if (credit > underWay) throw new MalformedBytes(`a credit of ${credit} bytes, where ${underWay} were sent`);
      this.window.onCredit(credit, this.now());
    }
    // A credit alone counts nothing, or two ends would credit each other's credits.
    if (credit === null || message.byteLength > CHUNK_HEADER_BYTES) {
      this.reader.read(credit === null ? message : message.subarray(CHUNK_HEADER_BYTES));
      this.uncredited += message.byteLength;
    }
    if (credit !== null || this.isCreditDue) this.flush();
  }

  private get isCreditDue(): boolean {
    return this.uncredited >= CREDIT_STEP_BYTES;
  }

  /** @returns bytes written at the front of the next message */
  private writeCredit(): number {
    if (this.isClosed || !this.isCreditDue || !this.transport.canSend()) return 0;
    if (this.pacer?.mayCredit(this.goOn) === false) return 0;
    const { uncredited } = this;
    this.uncredited = 0;
    return writeCredit(this.stagingView, uncredited);
  }

  close(reason: string, isGarbage = false): void {
    if (this.isClosed) return;
    this.end(reason, isGarbage);
    this.transport.close(reason);
  }

  /** The transport has ended by itself. */
  end(reason: string, isGarbage = false): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.writer.clear();
    this.handlers.onClose(reason, isGarbage);
  }
}
