// Every link keeps every promise of the compliance suite.
import { describe, expect, it } from 'vitest';
import { channelLink } from './channel-link.ts';
import { deflatingLink } from './deflating-link.ts';
import { FakeChannel } from './fake-channel.ts';
import { Priority } from './link.ts';
import { type LinkFixture, linkCompliance } from './link-compliance.ts';
import { memoryPair } from './memory-link.ts';
import { portLink } from './port-link.ts';
import { relayChannel, relayedLink } from './relay.ts';

const schedule = (run: () => void): void => void setImmediate(run);
const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

/** What no chunked link may take. */
const chunkGarbage = [
  { what: 'text', data: 'hello', reason: /text where bytes belong/ },
  { what: 'an empty message', data: bytes(), reason: /a message of 0 bytes/ },
  { what: 'an odd length', data: bytes(0, 3, 0, 0, 1, 0, 0, 0, 7), reason: /a message of 9 bytes/ },
  { what: 'too long a message', data: new ArrayBuffer(65_544), reason: /a message of 65544 bytes/ },
  { what: 'an unknown priority', data: bytes(4, 3, 0, 0, 0, 0, 0, 0), reason: /unknown priority 4/ },
  { what: 'unknown flags', data: bytes(0, 8, 0, 0, 0, 0, 0, 0), reason: /unknown flags/ },
  {
    what: 'a credit for nothing',
    data: bytes(0, 4, 0, 0, 8, 0, 0, 0),
    reason: /a credit of 8 bytes, where 0 were sent/,
  },
  {
    what: 'a credit for nothing ahead of a frame',
    data: bytes(0, 4, 0, 0, 8, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0),
    reason: /a credit of 8 bytes, where 0 were sent/,
  },
  { what: 'two credits', data: bytes(0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0), reason: /unknown flags/ },
  { what: 'a strange credit', data: bytes(0, 4, 1, 0, 8, 0, 0, 0), reason: /a credit with strange bytes/ },
  { what: 'a reserved field in use', data: bytes(0, 3, 1, 0, 0, 0, 0, 0), reason: /unknown flags/ },
  { what: 'too large a claim', data: bytes(0, 1, 0, 0, 255, 255, 255, 255), reason: /4294967295 bytes/ },
  { what: 'a rest of nothing', data: bytes(0, 2, 0, 0, 0, 0, 0, 0), reason: /a chunk of no frame/ },
  { what: 'an empty beginning', data: bytes(0, 1, 0, 0, 0, 0, 0, 0), reason: /an empty chunk/ },
];

const memory: LinkFixture = { makePair: async () => memoryPair(schedule), garbage: chunkGarbage };

const ports: LinkFixture = {
  makePair: async () => {
    const { port1, port2 } = new MessageChannel();
    return { a: portLink(port1), b: portLink(port2), inject: (data) => port1.postMessage(data) };
  },
  garbage: [
    { what: 'an object', data: { length: 3 }, reason: /no frame/ },
    { what: 'nothing', data: null, reason: /no frame/ },
    { what: 'a message of something else', data: ['text', new ArrayBuffer(8)], reason: /no frame/ },
    { what: 'a credit for nothing', data: [100], reason: /never sent/ },
    { what: 'a credit that is no number', data: [Number.NaN], reason: /never sent/ },
    { what: 'a number alone', data: 100, reason: /no frame/ },
  ],
};

const channels: LinkFixture = {
  makePair: async () => {
    const [left, right] = FakeChannel.pair(schedule);
    left.open();
    const a = channelLink(left.asChannel());
    return { a, b: channelLink(right.asChannel()), inject: (data) => left.send(data as ArrayBuffer) };
  },
  garbage: chunkGarbage,
};

const relayed: LinkFixture = {
  makePair: async () => {
    const [left, right] = FakeChannel.pair(schedule);
    const [leftPorts, rightPorts] = [new MessageChannel(), new MessageChannel()];
    relayChannel(left.asChannel(), leftPorts.port1);
    relayChannel(right.asChannel(), rightPorts.port1);
    left.open();
    const inject = (data: unknown): void => left.send(data as ArrayBuffer);
    return { a: relayedLink(leftPorts.port2), b: relayedLink(rightPorts.port2), inject };
  },
  garbage: chunkGarbage,
};

/** Packs some frames between others, whatever they are: patterns can be deflated. */
const worth = {
  isTried: (_kind: unknown, bytes: number) => bytes > 256 && bytes <= 90_000 && bytes % 3 !== 1,
  note: () => undefined,
};

const deflating: LinkFixture = {
  makePair: async () => {
    const { a, b, inject } = memoryPair(schedule);
    return { a: deflatingLink(a, { worth }), b: deflatingLink(b, { worth }), inject };
  },
  garbage: chunkGarbage,
};

const LARGE = /256 MiB/;

describe.each([
  ['memory link', memory],
  ['port link', ports],
  ['channel link', channels],
  ['relayed channel link', relayed],
  ['deflating link', deflating],
] as const)('%s', (name, fixture) => {
  for (const { name: promise, run } of linkCompliance) {
    // Once each for a chunked and an unchunked link is enough of the largest frame on a shared machine.
    const isSkipped = LARGE.test(promise) && name !== 'memory link' && name !== 'port link';
    it.skipIf(isSkipped)(promise, () => run(fixture), 60_000);
  }
});

it('a port link tells the other end why it closed', async () => {
  const { port1, port2 } = new MessageChannel();
  const a = portLink(port1)({ onFrame: () => {}, onClose: () => {} });
  const reason = new Promise<string>((resolve) => {
    portLink(port2)({ onFrame: () => {}, onClose: resolve });
  });
  a.close('enough');
  expect(await reason).toBe('closed by the other end: enough');
});

it('a port link moves a frame that is given away with most of its buffer, and copies less than half of one', async () => {
  const { port1, port2 } = new MessageChannel();
  const a = portLink(port1)({ onFrame: () => {}, onClose: () => {} });
  const frames: number[][] = [];
  const both = new Promise<void>((resolve) => {
    const onFrame = (frame: Uint8Array) => {
      frames.push([...frame]);
      if (frames.length === 2) resolve();
    };
    portLink(port2)({ onFrame, onClose: () => {} });
  });
  const most = Uint8Array.of(0, 1, 2, 3, 4).subarray(1);
  const shared = Uint8Array.of(5, 6, 7, 8, 9);
  a.give(most, Priority.push);
  a.give(shared.subarray(1, 3), Priority.push);
  await both;
  expect(frames).toEqual([
    [1, 2, 3, 4],
    [6, 7],
  ]);
  expect(most.byteLength).toBe(0);
  expect([...shared]).toEqual([5, 6, 7, 8, 9]);
  a.close('done');
});

it('a port link fills buffers again that the other end has given back', async () => {
  const { port1, port2 } = new MessageChannel();
  const a = portLink(port1)({ onFrame: () => {}, onClose: () => {} });
  const [large, small] = [new Uint8Array(60 * 1024).fill(7), new Uint8Array(57 * 1024).fill(1)];
  const last = new Promise<Uint8Array>((resolve) => {
    const onFrame = (frame: Uint8Array) => {
      if (frame.byteLength === small.byteLength) return resolve(frame);
      b.giveBack(frame);
      // More than a window's worth: the last ones had to wait for credits.
      if (b.stats.framesIn < 200) a.send([large], Priority.push);
      else a.send([small], Priority.push);
    };
    const b = portLink(port2)({ onFrame, onClose: () => {} });
  });
  a.send([large], Priority.push);
  const frame = await last;
  expect(frame.every((byte) => byte === 1)).toBe(true);
  // Behind the frame lies what was in the buffer before.
  expect(new Uint8Array(frame.buffer).at(-5 * 1024)).toBe(7);
  a.close('done');
});
