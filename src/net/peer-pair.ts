// One pair of nodes seen from this end: which connection attempt counts, when to try again, what waits meanwhile.
// Knows no WebRTC: the mesh gives it a way to open a connection. The newer node of a pair opens and numbers them.
import { z } from 'zod';
import { MAX_CONTROL_BYTES, MAX_SIGNALING_BYTES } from '../protocol/limits.ts';
import { type Backoff, backoffMs, type StartTimer } from './timers.ts';

/** Attempts at one pair. The first retry comes soon; at most 8 s, so that a peer that is back connects while its tab is
 * being looked at. Chromium allows 500 connections per renderer, closed ones counted until collected. */
export const PEER_BACKOFF: Backoff = { firstMs: 250, mostMs: 8_000 };

/** From an offer to an open channel. ICE on a bad network takes up to 5 s; after 15 s it does not succeed any more. */
export const CONNECT_TIMEOUT_MS = 15_000;

/** A connection that dies again before it has lasted so long is no better than an attempt that failed: the waits grow. */
export const STEADY_CONNECTION_MS = 10_000;

/** Control texts waiting for a connection. Over it they are refused: the peer has not been there for long. */
export const MAX_WAITING_CONTROL_BYTES = 1024 * 1024;

/** Control texts in the channel's own buffer: a peer that takes none of them is as good as gone. */
export const MAX_CONTROL_BACKLOG_BYTES = 4 * 1024 * 1024;

/** Characters of a reason in a signal: a sentence. */
const MAX_REASON_LENGTH = 400;

/** What two meshes say to each other through signaling: what simple-peer emits, and a wish to start over. */
export const pairSignalSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['offer', 'answer']), sdp: z.string().max(MAX_SIGNALING_BYTES) }),
  z.object({
    type: z.literal('candidate'),
    candidate: z.object({
      candidate: z.string().max(1024),
      sdpMLineIndex: z.number().int().nullable(),
      sdpMid: z.string().max(64).nullable(),
    }),
  }),
  /** From the older node, which can't open a connection itself. */
  z.object({ type: z.literal('restart'), reason: z.string().max(MAX_REASON_LENGTH) }),
]);
export type PairSignal = z.infer<typeof pairSignalSchema>;
export type PeerSignal = Exclude<PairSignal, { type: 'restart' }>;

/** One attempt at a connection, whatever carries it. */
export interface Connection {
  signal(data: PeerSignal): void;
  /** Sends a control text. @throws when the channel is not open. */
  send(text: string): void;
  readonly bufferedBytes: number;
  /** Ends it; its handlers are not called any more. */
  destroy(): void;
}

export interface ConnectionHandlers {
  onSignal(data: PeerSignal): void;
  onConnect(): void;
  onText(text: string): void;
  onClose(reason: string): void;
}

export type PeerState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'connected' }
  /** Tried again in `retryInMs`, or, when null, when the other end (which opens the connections) tries. */
  | { readonly phase: 'failed'; readonly reason: string; readonly retryInMs: number | null };

export interface PairOptions {
  /** Whether this end opens the connections: it is the newer node. */
  readonly isInitiator: boolean;
  /** A number higher than any that this node has used: connections of a pair are told apart by it. */
  nextConnection(): number;
  /** Opens a new connection; must not call a handler before it returns. */
  openConnection(handlers: ConnectionHandlers): Connection;
  sendSignal(connection: number, data: PairSignal): void;
  onControl(text: string): void;
  onState(state: PeerState): void;
  readonly random: () => number;
  readonly startTimer: StartTimer;
}

/** A control text that the other end would refuse. */
export class ControlTooLong extends Error {
  override name = 'ControlTooLong';
}

/** One pair. The initiator starts connecting in `start`; the other end waits for its offer. */
export class PeerPair {
  private connection: Connection | null = null;
  private number = 0;
  private isConnected = false;
  private isClosed = false;
  private attempt = 0;
  /** The pending retry or the limit of the attempt under way. */
  private cancelTimer: () => void = () => {};
  private waiting: string[] = [];
  private waitingBytes = 0;

  constructor(private readonly options: PairOptions) {}

  start(): void {
    if (this.options.isInitiator) this.open(this.options.nextConnection());
    else {
      this.options.onState({ phase: 'connecting' });
      this.limitAttempt();
    }
  }

  /** Tries at once where nothing is connected: signaling is back, or the user asks. */
  retry(): void {
    if (this.isConnected || this.isClosed) return;
    this.attempt = 0;
    if (this.options.isInitiator) this.open(this.options.nextConnection());
    else this.options.sendSignal(this.number, { type: 'restart', reason: 'asked to try again' });
  }

  /** Takes what signaling relayed from the other end. Stale attempts are dropped. */
  receiveSignal(number: number, data: PairSignal): void {
    if (this.isClosed || number < this.number) return;
    const { isInitiator } = this.options;
    if (data.type === 'restart') {
      if (isInitiator && number === this.number && this.connection) this.fail(`the other end asks: ${data.reason}`);
    } else if (data.type === 'offer') {
      // Only the initiator offers, once per attempt.
      if (isInitiator || number === this.number) return;
      this.open(number);
      this.connection?.signal(data);
    } else if (number === this.number) this.connection?.signal(data);
  }

  /** Sends a control text, or keeps it until connected. False when too much is waiting already. @throws ControlTooLong */
  sendControl(text: string): boolean {
    // Counts UTF-16 units; ×3 is the most UTF-8 bytes they make, checked only when it can matter.
    if (text.length * 3 > MAX_CONTROL_BYTES && new TextEncoder().encode(text).byteLength > MAX_CONTROL_BYTES) {
      throw new ControlTooLong(`a control message of ${text.length} characters; at most ${MAX_CONTROL_BYTES} bytes`);
    }
    if (this.isClosed) return false;
    if (!this.isConnected || this.connection === null) return this.keep(text);
    if (this.connection.bufferedBytes > MAX_CONTROL_BACKLOG_BYTES) {
      this.fail('the control channel does not move');
      return false;
    }
    return this.transmit(this.connection, text);
  }

  /** Loses the connection, if there is one. */
  cut(reason = 'cut off on request'): void {
    if (this.connection !== null) this.fail(reason);
  }

  /** Ends the pair; no handler is called any more. */
  close(): void {
    this.isClosed = true;
    this.isConnected = false;
    this.waiting = [];
    this.cancelTimer();
    this.connection?.destroy();
    this.connection = null;
  }

  private open(number: number): void {
    this.cancelTimer();
    this.connection?.destroy();
    this.connection = null;
    this.isConnected = false;
    this.number = number;
    this.options.onState({ phase: 'connecting' });
    this.limitAttempt();
    const isCurrent = (): boolean => !this.isClosed && this.number === number;
    this.connection = this.options.openConnection({
      onSignal: (data) => {
        if (isCurrent()) this.options.sendSignal(number, data);
      },
      onConnect: () => {
        if (isCurrent()) this.connected();
      },
      onText: (text) => {
        if (!isCurrent()) return;
        // What it says is proof enough, and keeps 'connected' before the first message.
        this.connected();
        this.options.onControl(text);
      },
      onClose: (reason) => {
        if (isCurrent()) this.fail(reason);
      },
    });
  }

  private connected(): void {
    const { connection } = this;
    if (this.isConnected || connection === null) return;
    this.isConnected = true;
    this.cancelTimer();
    this.cancelTimer = this.options.startTimer(() => {
      this.attempt = 0;
    }, STEADY_CONNECTION_MS);
    const texts = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    // Before the report: what its handler sends comes after what was waiting.
    for (const text of texts) if (this.isConnected) this.transmit(connection, text);
    if (this.isConnected) this.options.onState({ phase: 'connected' });
  }

  private transmit(connection: Connection, text: string): boolean {
    try {
      connection.send(text);
      return true;
    } catch (error) {
      this.fail(`the control channel is gone: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  private keep(text: string): boolean {
    if (this.waitingBytes + text.length > MAX_WAITING_CONTROL_BYTES) return false;
    this.waiting.push(text);
    this.waitingBytes += text.length;
    return true;
  }

  private limitAttempt(): void {
    this.cancelTimer();
    this.cancelTimer = this.options.startTimer(
      () => this.fail(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s; a firewall may be in the way`),
      CONNECT_TIMEOUT_MS,
    );
  }

  /** Gives this attempt up. The initiator tries again after a while; the other end asks it to. */
  private fail(reason: string): void {
    this.cancelTimer();
    this.connection?.destroy();
    this.connection = null;
    this.isConnected = false;
    if (this.options.isInitiator) {
      const retryInMs = backoffMs(PEER_BACKOFF, this.attempt++, this.options.random);
      this.cancelTimer = this.options.startTimer(() => this.open(this.options.nextConnection()), retryInMs);
      this.options.onState({ phase: 'failed', reason, retryInMs });
      return;
    }
    this.options.sendSignal(this.number, { type: 'restart', reason: reason.slice(0, MAX_REASON_LENGTH) });
    // Asked again if no offer comes: the wish itself may have been lost.
    this.limitAttempt();
    this.options.onState({ phase: 'failed', reason, retryInMs: null });
  }
}
