// What is special about data channels, on top of the compliance suite.
import { describe, expect, it } from 'vitest';
import { LINK_WINDOW_BYTES, MAX_MESSAGE_BYTES, NEAR_LINK_WINDOW_BYTES } from '../protocol/limits.ts';
import { channelLink } from './channel-link.ts';
import { FakeChannel } from './fake-channel.ts';
import { type Link, Priority } from './link.ts';

const MIB = 1024 * 1024;

interface End {
  readonly link: Link;
  readonly frames: number[];
  readonly reasons: string[];
}

/** A link over a fake channel, and what it reports. */
function openEnd(channel: FakeChannel): End {
  const frames: number[] = [];
  const reasons: string[] = [];
  const link = channelLink(channel.asChannel())({
    onFrame: (frame) => frames.push(frame.byteLength),
    onClose: (reason) => reasons.push(reason),
  });
  return { link, frames, reasons };
}

/** Two channels, and a way to let everything happen that is on its way. */
function makePair(): { left: FakeChannel; right: FakeChannel; settle(): Promise<void> } {
  const queue: (() => void)[] = [];
  const [left, right] = FakeChannel.pair((run) => queue.push(run));
  const settle = async (): Promise<void> => {
    do {
      queue.shift()?.();
      await Promise.resolve();
    } while (queue.length > 0);
  };
  return { left, right, settle };
}

describe('a channel link', () => {
  it('takes frames before the channel is open and sends them then', async () => {
    const { left, right, settle } = makePair();
    const a = openEnd(left);
    const b = openEnd(right);
    a.link.send([new Uint8Array(70_000)], Priority.push);
    await settle();
    expect(a.link.queuedBytes).toBe(70_008);
    left.open();
    await settle();
    expect(b.frames).toEqual([70_000]);
    expect(a.link.queuedBytes).toBe(0);
  });

  it('closed before the channel was open closes the other end too', async () => {
    const { left, right, settle } = makePair();
    const a = openEnd(left);
    const b = openEnd(right);
    a.link.close('never mind');
    left.open();
    await settle();
    expect(a.reasons).toEqual(['never mind']);
    expect(b.reasons).toEqual(['the data channel was closed by the other end or lost']);
  });

  it('on a channel that had closed says so once the caller holds the link', async () => {
    const { left, settle } = makePair();
    left.close();
    const a = openEnd(left);
    expect(a.reasons).toEqual([]);
    await settle();
    expect(a.reasons).toEqual(['the data channel was already closed']);
  });

  it('notices on sending that the channel closed with its connection, without an event', async () => {
    const { left, settle } = makePair();
    left.open();
    const a = openEnd(left);
    left.readyState = 'closed';
    a.link.send([new Uint8Array(8)], Priority.push);
    await settle();
    expect(a.reasons).toEqual(['the data channel is closed']);
  });

  it('has a window under way and no more until the other end has taken some', async () => {
    const { left, right, settle } = makePair();
    left.open();
    const a = openEnd(left);
    await settle();
    const sent: number[] = [];
    const send = left.send.bind(left);
    left.send = (data) => {
      sent.push((data as Uint8Array).byteLength);
      send(data);
    };
    for (let index = 0; index < 4; index++) a.link.send([new Uint8Array(MIB)], Priority.push);
    // Delivered, but nobody has taken them: there is no link at the other end yet.
    await settle();
    const underWay = sent.reduce((sum, bytes) => sum + bytes, 0);
    expect(underWay).toBeGreaterThanOrEqual(LINK_WINDOW_BYTES);
    expect(underWay).toBeLessThan(LINK_WINDOW_BYTES + MAX_MESSAGE_BYTES);
    expect(right.readyState).toBe('open');
  });

  it('goes on as the other end takes what was sent, never over the window', async () => {
    const { left, right, settle } = makePair();
    left.open();
    const a = openEnd(left);
    const b = openEnd(right);
    await settle();
    let [out, taken, most] = [0, 0, 0];
    const [send, credit] = [left.send.bind(left), right.send.bind(right)];
    left.send = (data) => {
      out += (data as Uint8Array).byteLength;
      most = Math.max(most, out - taken);
      send(data);
    };
    right.send = (data) => {
      taken += new DataView((data as Uint8Array<ArrayBuffer>).slice().buffer).getUint32(4, true);
      credit(data);
    };
    for (let index = 0; index < 4; index++) a.link.send([new Uint8Array(MIB)], Priority.push);
    await settle();
    expect(b.frames).toEqual([MIB, MIB, MIB, MIB]);
    expect(most).toBeLessThan(NEAR_LINK_WINDOW_BYTES + MAX_MESSAGE_BYTES);
  });

  it('sends what answers a frame and the credit for it in one message', async () => {
    const { left, right, settle } = makePair();
    left.open();
    const a = openEnd(left);
    const answers: number[] = [];
    const b = channelLink(right.asChannel())({
      onFrame: (frame) => b.send([frame.subarray(0, 16)], Priority.control),
      onClose: () => undefined,
    });
    const send = right.send.bind(right);
    right.send = (data) => {
      answers.push((data as Uint8Array).byteLength);
      send(data);
    };
    a.link.send([new Uint8Array(MAX_MESSAGE_BYTES - 8)], Priority.push);
    await settle();
    // A credit and a chunk of 16 bytes, a header of 8 each.
    expect(answers).toEqual([32]);
    expect(a.frames).toEqual([16]);
  });
});
