// A link that deflates what is worth it (deflate-worth.ts), around any other; both ends of a connection are opened so. Frames of one
// priority stay in order, though some take a while to be packed; what arrives stays in order, though some takes a while to be opened.
import { MalformedBytes } from '../protocol/bytes.ts';
import { kindOfFrame } from '../protocol/frame-codec.ts';
import type { Frame } from '../protocol/frames.ts';
import { MAX_LINK_QUEUE_BYTES, MAX_UNOPENED_BYTES } from '../protocol/limits.ts';
import { decodePacked, encodePacked, type PackedFrame } from '../protocol/packed-frame.ts';
import { frameBytes } from './chunks.ts';
import { deflate, inflate } from './deflate.ts';
import { DeflateWorth } from './deflate-worth.ts';
import { Fifo } from './fifo.ts';
import type { Link, LinkHandlers, LinkStats, OpenLink, Priority } from './link.ts';

type Worth = Pick<DeflateWorth, 'isTried' | 'note'>;

export interface DeflatingOptions {
  readonly worth?: Worth;
  /** Hears of every frame that travels deflated, at either end. @param saved bytes that didn't travel */
  readonly onSaved?: ((kind: Frame['kind'], saved: number) => void) | undefined;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
}

interface Waiting {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly isTried: boolean;
  readonly onCopied: (() => void) | undefined;
}

/** A frame that waits to be opened, or behind one. */
interface Arrived {
  readonly frame: Uint8Array;
  /** Null where it came as it is. */
  readonly packed: PackedFrame | null;
  /** What it may come to in memory. */
  readonly cost: number;
}

/** Frames of one priority that wait to be packed, or behind one. */
class PackingQueue {
  readonly waiting = new Fifo<Waiting>();
  isPacking = false;
}

/** What a frame that waits to be opened counts besides its bytes, so that a flood of empty ones is bounded, too. */
const FRAME_COST_BYTES = 64;

class DeflatingLink implements Link {
  private readonly inner: Link;
  private readonly queues = [new PackingQueue(), new PackingQueue(), new PackingQueue(), new PackingQueue()];
  private readonly worth: Worth;
  private readonly now: () => number;
  private waitingBytes = 0;
  private readonly arrived = new Fifo<Arrived>();
  private arrivedBytes = 0;
  private isOpening = false;
  private isClosed = false;
  /** The inner link's end, which is told once everything that came before it is opened. */
  private tellEnd: (() => void) | null = null;

  constructor(
    open: OpenLink,
    private readonly handlers: LinkHandlers,
    private readonly options: DeflatingOptions,
  ) {
    this.worth = options.worth ?? new DeflateWorth();
    this.now = options.now ?? (() => performance.now());
    this.inner = open({
      onFrame: (frame) => this.receive(frame),
      onClose: (reason, isGarbage) => this.onInnerClose(reason, isGarbage),
    });
  }

  get queuedBytes(): number {
    return this.waitingBytes + this.inner.queuedBytes;
  }

  get bytesPerMs(): number | null {
    return this.inner.bytesPerMs;
  }

  get stats(): Readonly<LinkStats> {
    return this.inner.stats;
  }

  send(parts: readonly Uint8Array[], priority: Priority, onCopied?: () => void): void {
    const queue = this.queues[priority];
    if (this.isClosed || queue === undefined) return;
    const bytes = frameBytes(parts);
    const isTried = this.worth.isTried(kindOf(parts), bytes, this.inner.bytesPerMs);
    if (!isTried && !queue.isPacking) return this.inner.send(parts, priority, onCopied);
    queue.waiting.push({ parts, bytes, isTried, onCopied });
    this.waitingBytes += bytes;
    if (this.queuedBytes > MAX_LINK_QUEUE_BYTES) {
      this.close(`over ${MAX_LINK_QUEUE_BYTES} bytes were waiting to be sent: the other end is too slow`);
    } else if (!queue.isPacking) void this.drain(queue, priority);
  }

  private async drain(queue: PackingQueue, priority: Priority): Promise<void> {
    queue.isPacking = true;
    for (let next = queue.waiting.shift(); next !== undefined; next = queue.waiting.shift()) {
      const packed = next.isTried ? await this.pack(next) : null;
      if (this.isClosed) return;
      this.waitingBytes -= next.bytes;
      const { parts, onCopied } = next;
      if (packed === null) this.inner.send(parts, priority, onCopied);
      else {
        this.inner.send(packed, priority);
        if (onCopied !== undefined) run(onCopied);
      }
    }
    queue.isPacking = false;
  }

  /** @returns null where the frame travels as it is: it gets no smaller, or can't be deflated here */
  private async pack({ parts, bytes }: Waiting): Promise<Uint8Array[] | null> {
    const start = this.now();
    const deflated = await deflate(parts).catch(() => null);
    if (deflated === null || this.isClosed) return null;
    const packed = encodePacked({ length: bytes, deflated });
    const after = frameBytes(packed);
    const kind = kindOf(parts);
    if (kind !== null) this.worth.note(kind, bytes, after, this.now() - start);
    if (after >= bytes) return null;
    if (kind !== null) this.options.onSaved?.(kind, bytes - after);
    return packed;
  }

  /** @throws MalformedBytes, which the inner link takes for garbage */
  private receive(frame: Uint8Array): void {
    const packed = decodePacked(frame);
    if (!this.isOpening && packed === null) return this.handlers.onFrame(frame);
    const cost = Math.max(frame.byteLength, packed?.length ?? 0) + FRAME_COST_BYTES;
    this.arrived.push({ frame, packed, cost });
    this.arrivedBytes += cost;
    // The link has credited it all: more than this comes of a thread that is far too busy, or of somebody who wants it to be.
    if (this.arrivedBytes > MAX_UNOPENED_BYTES) this.close('more came deflated than could be opened');
    else if (!this.isOpening) void this.openAll();
  }

  private async openAll(): Promise<void> {
    this.isOpening = true;
    for (let next = this.arrived.shift(); next !== undefined; next = this.arrived.shift()) {
      const opened = next.packed === null ? next.frame : await this.open(next.packed, next.frame.byteLength);
      if (this.isClosed || opened === null) return;
      this.arrivedBytes -= next.cost;
      // As where nothing is to be opened: it is the handler that has failed, and the link goes on.
      run(() => this.handlers.onFrame(opened));
      if (this.isClosed) return;
    }
    this.isOpening = false;
    this.tellEnd?.();
  }

  /** @param travelled bytes that came @returns null where it was garbage: then the link is closed */
  private async open({ deflated, length }: PackedFrame, travelled: number): Promise<Uint8Array | null> {
    try {
      const opened = await inflate(deflated, length);
      const kind = kindOfFrame(opened);
      if (kind !== null) this.options.onSaved?.(kind, length - travelled);
      return opened;
    } catch (error) {
      const isGarbage = error instanceof MalformedBytes;
      const what = error instanceof Error ? error.message : String(error);
      this.end(
        isGarbage ? `the other end sent bytes that are no frames: ${what}` : `opening failed: ${what}`,
        isGarbage,
      );
      return null;
    }
  }

  private onInnerClose(reason: string, isGarbage?: boolean): void {
    const tell = () => this.end(reason, isGarbage);
    if (this.isOpening && isGarbage !== true) this.tellEnd = tell;
    else tell();
  }

  close(reason: string): void {
    this.end(reason);
  }

  private end(reason: string, isGarbage?: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { waiting } of this.queues) waiting.clear();
    this.arrived.clear();
    this.waitingBytes = 0;
    this.inner.close(reason);
    this.handlers.onClose(reason, isGarbage);
  }
}

const kindOf = ([head]: readonly Uint8Array[]): Frame['kind'] | null => (head === undefined ? null : kindOfFrame(head));

/** Runs what somebody else gave: what it throws is uncaught, as in a task of its own, and nothing here stops. */
function run(work: () => void): void {
  try {
    work();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A link around the one that `open` opens. The other end must be opened so, too. */
export const deflatingLink =
  (open: OpenLink, options: DeflatingOptions = {}): OpenLink =>
  (handlers) =>
    new DeflatingLink(open, handlers, options);
