// A pair of data channels in memory, for tests: buffered amount, states and events as a browser has them.

/** What passes the channels one by one; tests decide when. */
type Schedule = (run: () => void) => void;

type Handler<E> = ((event: E) => void) | null;

/** Over this a real channel throws. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** One end. Only what links use of the real thing. */
export class FakeChannel {
  readyState: RTCDataChannelState = 'connecting';
  binaryType = 'blob';
  bufferedAmount = 0;
  onopen: Handler<unknown> = null;
  onmessage: Handler<{ data: unknown }> = null;
  onclose: Handler<unknown> = null;
  onerror: Handler<unknown> = null;
  private other: FakeChannel | null = null;

  private constructor(private readonly schedule: Schedule) {}

  /** Two ends of one channel, connecting until `open` is called on either. */
  static pair(schedule: Schedule): [FakeChannel, FakeChannel] {
    const left = new FakeChannel(schedule);
    const right = new FakeChannel(schedule);
    left.other = right;
    right.other = left;
    return [left, right];
  }

  /** The same object under the type that links take. */
  asChannel(): RTCDataChannel {
    return this as unknown as RTCDataChannel;
  }

  open(): void {
    for (const end of [this, this.other]) {
      if (end === null || end.readyState !== 'connecting') continue;
      end.readyState = 'open';
      this.schedule(() => end.onopen?.({}));
    }
  }

  send(data: Uint8Array<ArrayBuffer> | ArrayBuffer | string): void {
    if (this.readyState !== 'open') throw new Error(`the channel is ${this.readyState}`);
    const copy = typeof data === 'string' ? data : new Uint8Array(data).slice().buffer;
    const size = typeof copy === 'string' ? copy.length : copy.byteLength;
    if (this.bufferedAmount + size > MAX_BUFFERED_BYTES) throw new Error('the send queue is full');
    this.bufferedAmount += size;
    this.schedule(() => this.deliver(copy, size));
  }

  close(): void {
    // As in Chromium: the other end of a channel that never opened hears nothing.
    const isKnown = this.readyState === 'open';
    this.shut();
    if (isKnown) this.schedule(() => this.other?.shut());
  }

  private deliver(data: string | ArrayBuffer, size: number): void {
    if (this.other?.readyState === 'open') this.other.onmessage?.({ data });
    this.bufferedAmount -= size;
  }

  private shut(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.({});
  }
}
