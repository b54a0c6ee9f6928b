// A link that deflates what is worth it (deflate-worth.ts), around any other; both ends of a connection are opened so. Frames of one
// priority stay in order, though some take a while to be packed; what arrives stays in order, though some takes a while to be opened.
import { MalformedBytes } from '../protocol/bytes.ts';
import { kindOfFrame } from '../protocol/frame-codec.ts';
import type { Frame } from '../protocol/frames.ts';
import { MAX_LINK_QUEUE_BYTES, MAX_UNOPENED_BYTES } from '../protocol/limits.ts';
import { decodePacked, encodePacked } from '../protocol/packed-frame.ts';
import { frameBytes } from './chunks.ts';
import { deflate, inflate } from './deflate.ts';
import { DeflateWorth } from './deflate-worth.ts';
import { Fifo } from './fifo.ts';
import type { Link, LinkHandlers, LinkStats, OpenLink, Priority } from './link.ts';

export interface DeflatingOptions {
  readonly worth?: Pick<DeflateWorth, 'isTried' | 'note'>;
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

/** Frames of one priority that wait to be packed, or behind one. */
class Lane {
  readonly waiting = new Fifo<Waiting>();
  isPacking = false;
}

class DeflatingLink implements Link {
  private readonly inner: Link;
  private readonly lanes = [new Lane(), new Lane(), new Lane(), new Lane()];
  private readonly worth: Pick<DeflateWorth, 'isTried' | 'note'>;
  private readonly now: () => number;
  private waitingBytes = 0;
  private readonly arrived = new Fifo<Uint8Array>();
  private arrivedBytes = 0;
  private isOpening = false;
  private isClosed = false;
  /** The end of the inner link, where something is still to be opened before it is told. */
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
    const lane = this.lanes[priority];
    if (this.isClosed || lane === undefined) return;
    const bytes = frameBytes(parts);
    const isTried = this.worth.isTried(kindOf(parts), bytes, this.inner.bytesPerMs);
    if (!isTried && !lane.isPacking) return this.inner.send(parts, priority, onCopied);
    lane.waiting.push({ parts, bytes, isTried, onCopied });
    this.waitingBytes += bytes;
    if (this.queuedBytes > MAX_LINK_QUEUE_BYTES) {
      this.close(`over ${MAX_LINK_QUEUE_BYTES} bytes were waiting to be sent: the other end is too slow`);
    } else if (!lane.isPacking) void this.drain(lane, priority);
  }

  private async drain(lane: Lane, priority: Priority): Promise<void> {
    lane.isPacking = true;
    for (let next = lane.waiting.shift(); next !== undefined; next = lane.waiting.shift()) {
      const packed = next.isTried ? await this.pack(next) : null;
      if (this.isClosed) return;
      this.waitingBytes -= next.bytes;
      this.inner.send(packed ?? next.parts, priority, packed === null ? next.onCopied : undefined);
      if (packed !== null) next.onCopied?.();
    }
    lane.isPacking = false;
  }

  /** @returns null where the frame travels as it is, for it gets no smaller */
  private async pack({ parts, bytes }: Waiting): Promise<Uint8Array[] | null> {
    const kind = kindOf(parts);
    const start = this.now();
    const packed = encodePacked({ length: bytes, deflated: await deflate(joined(parts, bytes)) });
    const after = frameBytes(packed);
    if (this.isClosed) return null;
    if (kind !== null) this.worth.note(kind, bytes, after, this.now() - start);
    if (after >= bytes) return null;
    if (kind !== null) this.options.onSaved?.(kind, bytes - after);
    return packed;
  }

  private receive(frame: Uint8Array): void {
    if (!this.isOpening && decodePacked(frame) === null) return this.handlers.onFrame(frame);
    this.arrived.push(frame);
    this.arrivedBytes += frame.byteLength;
    if (this.arrivedBytes > MAX_UNOPENED_BYTES) throw new MalformedBytes('more deflated frames than can be opened');
    if (!this.isOpening) void this.openAll();
  }

  private async openAll(): Promise<void> {
    this.isOpening = true;
    for (let frame = this.arrived.shift(); frame !== undefined && !this.isClosed; frame = this.arrived.shift()) {
      this.arrivedBytes -= frame.byteLength;
      const opened = await this.open(frame);
      if (opened !== null && !this.isClosed) this.handlers.onFrame(opened);
    }
    this.isOpening = false;
    this.tellEnd?.();
  }

  /** @returns null where it was garbage: then the link is closed */
  private async open(frame: Uint8Array): Promise<Uint8Array | null> {
    try {
      const packed = decodePacked(frame);
      if (packed === null) return frame;
      const opened = await inflate(packed.deflated as Uint8Array<ArrayBuffer>, packed.length);
      const kind = kindOfFrame(opened);
      if (kind !== null) this.options.onSaved?.(kind, opened.byteLength - frame.byteLength);
      return opened;
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.end(`the other end sent bytes that are no frames: ${error.message}`, true);
      return null;
    }
  }

  private onInnerClose(reason: string, isGarbage?: boolean): void {
    const tell = () => this.end(reason, isGarbage);
    // What came before the end is heard before it.
    if (this.isOpening && isGarbage !== true) this.tellEnd = tell;
    else tell();
  }

  close(reason: string): void {
    this.end(reason);
  }

  private end(reason: string, isGarbage?: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { waiting } of this.lanes) waiting.clear();
    this.arrived.clear();
    this.waitingBytes = 0;
    this.inner.close(reason);
    this.handlers.onClose(reason, isGarbage);
  }
}

const kindOf = ([head]: readonly Uint8Array[]): Frame['kind'] | null => (head === undefined ? null : kindOfFrame(head));

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** A link around the one that `open` opens. The other end must be opened so, too. */
export const deflatingLink =
  (open: OpenLink, options: DeflatingOptions = {}): OpenLink =>
  (handlers) =>
    new DeflatingLink(open, handlers, options);
