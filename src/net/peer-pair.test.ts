import { describe, expect, it } from 'vitest';
import { MAX_CONTROL_BYTES } from '../protocol/limits.ts';
import { FakeTimers } from './fake-timers.ts';
import {
  CONNECT_TIMEOUT_MS,
  type Connection,
  type ConnectionHandlers,
  ControlTooLong,
  MAX_CONTROL_BACKLOG_BYTES,
  MAX_WAITING_CONTROL_BYTES,
  type PairSignal,
  PEER_BACKOFF,
  PeerPair,
  type PeerSignal,
  STEADY_CONNECTION_MS,
} from './peer-pair.ts';

const OFFER: PeerSignal = { type: 'offer', sdp: 'o' };
const ANSWER: PeerSignal = { type: 'answer', sdp: 'a' };

class FakeConnection implements Connection {
  readonly signals: PeerSignal[] = [];
  readonly sent: string[] = [];
  bufferedBytes = 0;
  isDestroyed = false;
  isBroken = false;
  constructor(readonly handlers: ConnectionHandlers) {}
  signal(data: PeerSignal): void {
    this.signals.push(data);
  }
  send(text: string): void {
    if (this.isBroken) throw new Error('not open');
    this.sent.push(text);
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

/** One pair with everything around it under the test's control. Jitter is always the full wait. */
function makePair(isInitiator: boolean, whenConnected: () => unknown = () => {}) {
  const timers = new FakeTimers();
  const connections: FakeConnection[] = [];
  const signals: [number, PairSignal][] = [];
  const log: string[] = [];
  let number = 0;
  const pair = new PeerPair({
    isInitiator,
    nextConnection: () => ++number,
    openConnection: (handlers) => {
      const connection = new FakeConnection(handlers);
      connections.push(connection);
      return connection;
    },
    sendSignal: (connection, data) => signals.push([connection, data]),
    onControl: (text) => log.push(`control ${text}`),
    onState: (state) => {
      log.push(state.phase === 'failed' ? `failed: ${state.reason} (${state.retryInMs})` : state.phase);
      if (state.phase === 'connected') whenConnected();
    },
    random: () => 1,
    startTimer: timers.start,
  });
  pair.start();
  const at = (index: number): FakeConnection => {
    const connection = connections[index];
    if (connection === undefined) throw new Error(`no connection ${index}`);
    return connection;
  };
  return { pair, timers, connections, at, signals, log };
}

describe('the newer node of a pair', () => {
  it('opens a connection at once and numbers its signals', () => {
    const { at, signals, log } = makePair(true);
    at(0).handlers.onSignal(OFFER);
    at(0).handlers.onConnect();
    expect(signals).toEqual([[1, OFFER]]);
    expect(log).toEqual(['connecting', 'connected']);
  });

  it('rebuilds a closed connection under a higher number, waiting twice as long each time', () => {
    const { timers, connections, at, log, signals } = makePair(true);
    at(0).handlers.onClose('ICE failed');
    expect(log).toEqual(['connecting', `failed: ICE failed (${PEER_BACKOFF.firstMs})`]);
    timers.advance(PEER_BACKOFF.firstMs - 1);
    expect(connections).toHaveLength(1);
    timers.advance(1);
    at(1).handlers.onSignal(OFFER);
    expect(signals).toEqual([[2, OFFER]]);
    at(1).handlers.onClose('ICE failed');
    expect(log.at(-1)).toBe(`failed: ICE failed (${2 * PEER_BACKOFF.firstMs})`);
    for (let attempt = 0; attempt < 20; attempt++) {
      timers.advance(PEER_BACKOFF.mostMs);
      at(connections.length - 1).handlers.onClose('again');
    }
    expect(log.at(-1)).toBe(`failed: again (${PEER_BACKOFF.mostMs})`);
  });

  it('drops signals of an older attempt, answers of none, and offers', () => {
    const { pair, timers, connections, at } = makePair(true);
    at(0).handlers.onClose('gone');
    timers.advance(PEER_BACKOFF.firstMs);
    pair.receiveSignal(1, ANSWER);
    pair.receiveSignal(3, ANSWER);
    pair.receiveSignal(2, OFFER);
    pair.receiveSignal(9, OFFER);
    expect(connections).toHaveLength(2);
    expect(at(1).signals).toEqual([]);
    pair.receiveSignal(2, ANSWER);
    expect(at(1).signals).toEqual([ANSWER]);
  });

  it('ignores what a replaced connection still reports', () => {
    const { timers, at, log, signals } = makePair(true);
    at(0).handlers.onClose('gone');
    timers.advance(PEER_BACKOFF.firstMs);
    const before = [...log];
    at(0).handlers.onConnect();
    at(0).handlers.onText('late');
    at(0).handlers.onSignal(OFFER);
    at(0).handlers.onClose('late');
    expect(log).toEqual(before);
    expect(signals).toEqual([]);
    expect(at(0).isDestroyed).toBe(true);
  });

  it('gives up an attempt that does not connect in time', () => {
    const { timers, at, log } = makePair(true);
    timers.advance(CONNECT_TIMEOUT_MS);
    expect(at(0).isDestroyed).toBe(true);
    expect(log[1]).toMatch(/^failed: no connection within 15 s/);
  });

  it('starts over when the other end asks, once per attempt', () => {
    const { pair, connections, log, timers } = makePair(true);
    pair.receiveSignal(0, { type: 'restart', reason: 'stale' });
    expect(log).toEqual(['connecting']);
    pair.receiveSignal(1, { type: 'restart', reason: 'ICE failed' });
    pair.receiveSignal(1, { type: 'restart', reason: 'ICE failed' });
    expect(log).toEqual(['connecting', 'failed: the other end asks: ICE failed (250)']);
    timers.advance(PEER_BACKOFF.firstMs);
    expect(connections).toHaveLength(2);
  });

  it('waits the short time again after it was connected for a while, and longer after one that did not last', () => {
    const { timers, at, log } = makePair(true);
    at(0).handlers.onClose('one');
    timers.advance(PEER_BACKOFF.firstMs);
    at(1).handlers.onConnect();
    timers.advance(STEADY_CONNECTION_MS - 1);
    at(1).handlers.onClose('two');
    expect(log.at(-1)).toBe('failed: two (500)');
    timers.advance(2 * PEER_BACKOFF.firstMs);
    at(2).handlers.onConnect();
    timers.advance(STEADY_CONNECTION_MS);
    at(2).handlers.onClose('three');
    expect(log.at(-1)).toBe('failed: three (250)');
  });

  it('tries at once when told to, unless connected', () => {
    const { pair, connections, at } = makePair(true);
    at(0).handlers.onClose('one');
    pair.retry();
    expect(connections).toHaveLength(2);
    at(1).handlers.onConnect();
    pair.retry();
    expect(connections).toHaveLength(2);
  });
});

describe('the older node of a pair', () => {
  it('waits for an offer', () => {
    const { pair, connections, at, log } = makePair(false);
    expect(connections).toHaveLength(0);
    pair.receiveSignal(1, ANSWER);
    expect(connections).toHaveLength(0);
    pair.receiveSignal(1, OFFER);
    expect(at(0).signals).toEqual([OFFER]);
    expect(log).toEqual(['connecting', 'connecting']);
  });

  it('replaces its connection on an offer with a higher number, and ignores a second offer of one number', () => {
    const { pair, connections, at } = makePair(false);
    pair.receiveSignal(1, OFFER);
    pair.receiveSignal(1, OFFER);
    expect(connections).toHaveLength(1);
    at(0).handlers.onConnect();
    pair.receiveSignal(4, OFFER);
    expect(at(0).isDestroyed).toBe(true);
    expect(at(1).signals).toEqual([OFFER]);
    pair.receiveSignal(2, OFFER);
    expect(connections).toHaveLength(2);
  });

  it('asks the other end to start over, and again when nothing comes', () => {
    const { pair, at, signals, log, timers } = makePair(false);
    pair.receiveSignal(3, OFFER);
    at(0).handlers.onClose('ICE failed');
    expect(signals).toEqual([[3, { type: 'restart', reason: 'ICE failed' }]]);
    expect(log.at(-1)).toBe('failed: ICE failed (null)');
    timers.advance(CONNECT_TIMEOUT_MS);
    expect(signals).toHaveLength(2);
  });
});

describe('control messages', () => {
  it('wait for the connection and go out in order', () => {
    const { pair, at } = makePair(true);
    expect(pair.sendControl('one')).toBe(true);
    expect(pair.sendControl('two')).toBe(true);
    expect(at(0).sent).toEqual([]);
    at(0).handlers.onConnect();
    pair.sendControl('three');
    expect(at(0).sent).toEqual(['one', 'two', 'three']);
  });

  it('sent while "connected" is reported come after those that waited', () => {
    const { pair, at } = makePair(true, () => pair.sendControl('second'));
    pair.sendControl('first');
    at(0).handlers.onConnect();
    expect(at(0).sent).toEqual(['first', 'second']);
  });

  it('that arrive before "connect" are reported after it', () => {
    const { at, log } = makePair(true);
    at(0).handlers.onText('hello');
    at(0).handlers.onConnect();
    expect(log).toEqual(['connecting', 'connected', 'control hello']);
  });

  it('are refused when too much waits', () => {
    const { pair } = makePair(true);
    const text = 'x'.repeat(100_000);
    const most = Math.floor(MAX_WAITING_CONTROL_BYTES / text.length);
    for (let count = 0; count < most; count++) expect(pair.sendControl(text)).toBe(true);
    expect(pair.sendControl(text)).toBe(false);
  });

  it('are refused over their largest size, counted in UTF-8', () => {
    const { pair } = makePair(true);
    expect(pair.sendControl('x'.repeat(MAX_CONTROL_BYTES))).toBe(true);
    expect(() => pair.sendControl('x'.repeat(MAX_CONTROL_BYTES + 1))).toThrow(ControlTooLong);
    expect(() => pair.sendControl('é'.repeat(MAX_CONTROL_BYTES / 2 + 1))).toThrow(ControlTooLong);
  });

  it('fail the connection where its channel does not move or is gone', () => {
    const stuck = makePair(true);
    stuck.at(0).handlers.onConnect();
    stuck.at(0).bufferedBytes = MAX_CONTROL_BACKLOG_BYTES + 1;
    expect(stuck.pair.sendControl('x')).toBe(false);
    expect(stuck.log.at(-1)).toMatch(/does not move/);
    const gone = makePair(true);
    gone.at(0).handlers.onConnect();
    gone.at(0).isBroken = true;
    expect(gone.pair.sendControl('x')).toBe(false);
    expect(gone.log.at(-1)).toMatch(/is gone: not open/);
  });
});

it('a closed pair is silent and leaves no timer', () => {
  for (const isInitiator of [true, false]) {
    const { pair, connections, log, signals, timers } = makePair(isInitiator);
    pair.receiveSignal(1, OFFER);
    pair.close();
    const before = [...log];
    pair.receiveSignal(9, OFFER);
    pair.retry();
    expect(pair.sendControl('x')).toBe(false);
    for (const { handlers, isDestroyed } of connections) {
      expect(isDestroyed).toBe(true);
      handlers.onConnect();
      handlers.onClose('late');
    }
    expect(timers.count).toBe(0);
    expect(log).toEqual(before);
    expect(signals).toEqual([]);
  }
});
