// A data channel with nothing around it, in a worker: the fastest blast that a page could write by hand, and a ping.
import { expose } from 'comlink';
import { MAX_MESSAGE_BYTES } from '../../src/protocol/limits.ts';

/** As fast as any (FACTS): more in the buffer gains nothing, less stands still between two events. */
const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = 256 * 1024;
const PING_BYTES = 64;

/** Texts steer: how many bytes follow, and that they have come. Bytes of a blast are counted, others come back. */
type Word = { readonly expect: number } | { readonly taken: true };

export class RawChannel {
  private channel: RTCDataChannel | null = null;
  private expected = 0;
  private onTaken: () => void = () => undefined;
  private onPong: () => void = () => undefined;

  attach(channel: RTCDataChannel, echoes: boolean): void {
    this.channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') return this.take(JSON.parse(data) as Word);
      if (this.expected > 0) return this.count(data.byteLength);
      if (echoes) channel.send(data);
      else this.onPong();
    };
  }

  /** Sends so many bytes. @returns milliseconds until the other end has said that it has them all */
  async blast(bytes: number): Promise<number> {
    const channel = this.open();
    const message = new Uint8Array(MAX_MESSAGE_BYTES).fill(7);
    const taken = new Promise<void>((resolve) => {
      this.onTaken = resolve;
    });
    const start = performance.now();
    channel.send(JSON.stringify({ expect: bytes } satisfies Word));
    for (let left = bytes; left > 0; left -= message.length) {
      if (channel.bufferedAmount > HIGH_WATER_BYTES) await drained(channel);
      channel.send(left < message.length ? message.subarray(0, left) : message);
    }
    await taken;
    return performance.now() - start;
  }

  /** @returns milliseconds of each round trip, one after the other */
  async ping(count: number): Promise<number[]> {
    const channel = this.open();
    const message = new Uint8Array(PING_BYTES);
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const start = performance.now();
      await new Promise<void>((resolve) => {
        this.onPong = resolve;
        channel.send(message);
      });
      times.push(performance.now() - start);
    }
    return times;
  }

  private take(word: Word): void {
    if ('expect' in word) this.expected = word.expect;
    else this.onTaken();
  }

  private count(bytes: number): void {
    this.expected -= bytes;
    if (this.expected <= 0) this.channel?.send(JSON.stringify({ taken: true } satisfies Word));
  }

  private open(): RTCDataChannel {
    if (this.channel?.readyState !== 'open') throw new Error('The raw channel is not open.');
    return this.channel;
  }
}

const drained = (channel: RTCDataChannel): Promise<void> =>
  new Promise((resolve) => {
    channel.onbufferedamountlow = () => resolve();
  });

expose(new RawChannel());
