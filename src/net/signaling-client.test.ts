import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { MAX_SIGNALING_BYTES, PROTOCOL_VERSION } from '../protocol/limits.ts';
import type { FromServer } from '../protocol/signaling.ts';
import { FakeTimers } from './fake-timers.ts';
import {
  JOIN_TIMEOUT_MS,
  MAX_SIGNALING_BACKLOG_BYTES,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  SIGNALING_BACKOFF,
  SignalingClient,
} from './signaling-client.ts';

/** The part of a WebSocket that the client uses. */
class FakeSocket {
  readyState = 0;
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: FromServer): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  lose(reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ reason });
  }
}

const WELCOME: FromServer = {
  kind: 'welcome',
  node: 3,
  token: 'token-token-token',
  life: 'life-life-life-life',
  members: [1, 2],
  scheduler: 1,
  term: 4,
  lanUrls: ['http://10.0.0.2:8080/'],
};

/** A client with its first socket under way. Jitter is always the full wait. */
function makeClient() {
  const timers = new FakeTimers();
  const sockets: FakeSocket[] = [];
  const log: unknown[] = [];
  const note =
    (name: string) =>
    (...values: unknown[]): void =>
      void log.push([name, ...values]);
  const client = new SignalingClient(
    {
      url: 'ws://host/signal',
      room: 'room-1',
      secret: 'secret-1',
      random: () => 1,
      now: () => timers.now,
      startTimer: timers.start,
      openSocket: (url) => {
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
    },
    {
      onStatus: (status) => log.push(status),
      onWelcome: note('welcome'),
      onJoined: note('joined'),
      onLeft: note('left'),
      onTerm: note('term'),
      onSignal: note('signal'),
      onRefused: note('refused'),
      onRoundTrip: note('rtt'),
    },
  );
  const socket = (index: number): FakeSocket => {
    const found = sockets[index];
    if (found === undefined) throw new Error(`no socket ${index}`);
    return found;
  };
  timers.advance(0);
  return { client, timers, sockets, socket, log };
}

/** A client that has joined as node 3. */
function makeJoined() {
  const made = makeClient();
  made.socket(0).accept();
  made.socket(0).say(WELCOME);
  made.log.length = 0;
  return made;
}

describe('joining', () => {
  it('says hello when the socket opens and reports the welcome', () => {
    const { socket, log } = makeClient();
    socket(0).accept();
    expect(socket(0).sent).toEqual([{ kind: 'hello', version: PROTOCOL_VERSION, room: 'room-1', secret: 'secret-1' }]);
    socket(0).say(WELCOME);
    expect(log).toEqual([
      { phase: 'joining' },
      [
        'welcome',
        { node: 3, members: [1, 2], scheduler: 1, term: 4, lanUrls: ['http://10.0.0.2:8080/'], isResumed: false },
      ],
      { phase: 'joined' },
    ]);
  });

  it('passes on what happens, in order', () => {
    const { socket, log } = makeJoined();
    socket(0).say({ kind: 'joined', node: 4 });
    socket(0).say({ kind: 'signal', from: 4, connection: 2, data: { x: 1 } });
    socket(0).say({ kind: 'left', node: 1, reason: 'closed' });
    socket(0).say({ kind: 'term', scheduler: 2, term: 5 });
    socket(0).say({ kind: 'error', code: 'not-a-member', message: 'node 1 has left' });
    expect(log).toEqual([
      ['joined', 4],
      ['signal', 4, 2, { x: 1 }],
      ['left', 1, 'closed'],
      ['term', 2, 5],
      ['refused', 'not-a-member', 'node 1 has left'],
    ]);
  });

  it('sends signals only when joined', () => {
    const { client, socket } = makeClient();
    expect(client.signal(nodeId(1), 1, 'x')).toBe(false);
    socket(0).accept();
    socket(0).say(WELCOME);
    expect(client.signal(nodeId(1), 7, { type: 'offer' })).toBe(true);
    expect(socket(0).sent.at(-1)).toEqual({ kind: 'signal', to: 1, connection: 7, data: { type: 'offer' } });
  });

  it('refuses to send what the server would not take', () => {
    const { client } = makeJoined();
    expect(() => client.signal(nodeId(1), 1, 'x'.repeat(MAX_SIGNALING_BYTES))).toThrow(/too long/);
  });
});

describe('failures that a retry can mend', () => {
  it.each([
    ['a server that cannot be reached', (socket: FakeSocket) => socket.lose(), /ws:\/\/host\/signal cannot be reached/],
    ['a server that says why', (socket: FakeSocket) => socket.lose('too busy'), /closed the connection: too busy/],
    [
      'a server that stops',
      (socket: FakeSocket) => socket.say({ kind: 'error', code: 'shutting-down', message: 'stopping' }),
      /stopping/,
    ],
    ['garbage', (socket: FakeSocket) => socket.onmessage?.({ data: '{"kind":"welcome"}' }), /something unknown/],
    ['no JSON', (socket: FakeSocket) => socket.onmessage?.({ data: 'hi' }), /not JSON/],
    ['bytes', (socket: FakeSocket) => socket.onmessage?.({ data: new ArrayBuffer(4) }), /bytes where text belongs/],
  ])('%s', (_what, happen, reason) => {
    const { socket, sockets, log, timers } = makeClient();
    socket(0).accept();
    happen(socket(0));
    expect(log.at(-1)).toEqual({
      phase: 'reconnecting',
      reason: expect.stringMatching(reason),
      retryInMs: SIGNALING_BACKOFF.firstMs,
    });
    timers.advance(SIGNALING_BACKOFF.firstMs);
    expect(sockets).toHaveLength(2);
  });

  it('a server that never answers', () => {
    const { socket, log, timers } = makeClient();
    socket(0).accept();
    timers.advance(JOIN_TIMEOUT_MS);
    expect(log.at(-1)).toMatchObject({ phase: 'reconnecting', reason: expect.stringMatching(/no answer .* for 10 s/) });
  });

  it('waits twice as long after each, up to a bound, and briefly again after joining', () => {
    const { socket, sockets, log, timers } = makeClient();
    const waits: unknown[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      socket(sockets.length - 1).lose();
      const { retryInMs } = log.at(-1) as { retryInMs: number };
      waits.push(retryInMs);
      timers.advance(retryInMs);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    socket(9).accept();
    socket(9).say(WELCOME);
    socket(9).lose();
    expect(log.at(-1)).toMatchObject({ phase: 'reconnecting', retryInMs: 250 });
  });

  it('comes back as the same node, with the newest term it knows', () => {
    const { socket, log, timers } = makeJoined();
    socket(0).say({ kind: 'term', scheduler: 2, term: 6 });
    socket(0).lose();
    expect(log.at(-1)).toMatchObject({ reason: 'the connection to the signaling server was lost' });
    timers.advance(250);
    socket(1).accept();
    expect(socket(1).sent[0]).toMatchObject({
      resume: { node: 3, token: 'token-token-token', life: 'life-life-life-life', term: 6, scheduler: 2, newest: 3 },
    });
    socket(1).say({ ...WELCOME, term: 6, scheduler: 2 });
    expect(log.at(-2)).toMatchObject(['welcome', { isResumed: true }]);
    socket(1).lose();
    timers.advance(250);
    socket(2).accept();
    socket(2).say({ ...WELCOME, node: 9 });
    expect(log.at(-2)).toMatchObject(['welcome', { node: 9, isResumed: false }]);
  });

  it('brings along what it has heard of newer nodes and terms, from the server or from others', () => {
    const { client, socket, timers } = makeJoined();
    socket(0).say({ kind: 'joined', node: 4 });
    socket(0).lose();
    timers.advance(250);
    socket(1).accept();
    expect(socket(1).sent[0]).toMatchObject({ resume: { node: 3, term: WELCOME.term, newest: 4 } });
    socket(1).lose();
    client.hear(nodeId(7), nodeId(5), 9);
    client.hear(nodeId(6), nodeId(4), 8);
    timers.advance(10_000);
    socket(2).accept();
    expect(socket(2).sent[0]).toMatchObject({ resume: { node: 3, term: 9, scheduler: 5, newest: 7 } });
  });

  it('keeps trying for its seat when the room filled meanwhile', () => {
    const { socket, log, timers } = makeJoined();
    socket(0).lose();
    timers.advance(250);
    socket(1).accept();
    socket(1).say({ kind: 'error', code: 'room-full', message: 'full' });
    expect(log.at(-1)).toMatchObject({ phase: 'reconnecting', reason: 'full' });
  });

  it('gives up a socket that does not move', () => {
    const { client, socket, log } = makeJoined();
    socket(0).bufferedAmount = MAX_SIGNALING_BACKLOG_BYTES + 1;
    client.signal(nodeId(1), 1, 'x');
    expect(log.at(-1)).toMatchObject({ phase: 'reconnecting', reason: expect.stringMatching(/does not move/) });
  });
});

describe('failures that only the user can mend', () => {
  it.each(['unsupported-version', 'room-full', 'too-many-rooms', 'wrong-secret', 'bad-message'] as const)(
    '%s',
    (code) => {
      const { socket, sockets, log, timers } = makeClient();
      socket(0).accept();
      socket(0).say({ kind: 'error', code, message: 'because' });
      socket(0).lose();
      expect(log.at(-1)).toEqual({ phase: 'failed', code, reason: 'because', advice: expect.stringMatching(/\.$/) });
      expect(timers.count).toBe(0);
      timers.advance(60_000);
      expect(sockets).toHaveLength(1);
    },
  );
});

describe('a joined socket', () => {
  it('is pinged, and measures the round trip', () => {
    const { socket, log, timers } = makeJoined();
    timers.advance(PING_INTERVAL_MS);
    expect(socket(0).sent.at(-1)).toEqual({ kind: 'ping', at: PING_INTERVAL_MS });
    timers.advance(12);
    socket(0).say({ kind: 'pong', at: PING_INTERVAL_MS });
    expect(log).toEqual([['rtt', 12]]);
  });

  it('lives on as long as it answers', () => {
    const { socket, log, timers } = makeJoined();
    for (let round = 0; round < 5; round++) {
      timers.advance(PING_INTERVAL_MS);
      socket(0).say({ kind: 'pong', at: timers.now });
    }
    expect(log).toEqual(Array.from({ length: 5 }, () => ['rtt', 0]));
  });

  it('is dead when it does not answer a ping', () => {
    const { socket, log, timers } = makeJoined();
    timers.advance(PING_INTERVAL_MS + PONG_TIMEOUT_MS);
    expect(log).toMatchObject([{ phase: 'reconnecting', reason: expect.stringMatching(/no answer/) }]);
    expect(socket(0).readyState).toBe(3);
    socket(0).lose();
    expect(log).toHaveLength(1);
  });
});

it('leaving tells the server, and nothing happens any more', () => {
  const { client, socket, sockets, log, timers } = makeJoined();
  client.leave();
  expect(socket(0).sent.at(-1)).toEqual({ kind: 'leave' });
  socket(0).lose();
  timers.advance(60_000);
  expect(sockets).toHaveLength(1);
  expect(timers.count).toBe(0);
  expect(log).toEqual([]);
});
