// A page's end of signaling: joins a room, comes back by itself after a cut, and says in words what went wrong.

import { type NodeId, nodeId } from '../protocol/ids.ts';
import { MAX_SIGNALING_BYTES, PROTOCOL_VERSION } from '../protocol/limits.ts';
import {
  BadMessage,
  type FromPage,
  type FromServer,
  fromServerSchema,
  parseMessage,
  type SignalingErrorCode,
} from '../protocol/signaling.ts';
import { type Backoff, backoffMs, type StartTimer } from './timers.ts';

/** First retry within a quarter of a second: a blip must not cost a scheduler; at most 10 s, so that a server that is
 * back is found while the user still looks at the page. */
export const SIGNALING_BACKOFF: Backoff = { firstMs: 250, mostMs: 10_000 };

/** From opening the socket to the server's welcome. A server that can't say hello in this time can't relay either. */
export const JOIN_TIMEOUT_MS = 10_000;

/** Round trips are measured this often; it also keeps middleboxes from dropping an idle socket (most wait a minute). */
export const PING_INTERVAL_MS = 5_000;

/** No answer to a ping for this long: the socket is dead, whatever it says. */
export const PONG_TIMEOUT_MS = 10_000;

/** Signals waiting in the socket's own buffer; over it the network is not moving and the socket is given up. */
export const MAX_SIGNALING_BACKLOG_BYTES = 4 * 1024 * 1024;

export type SignalingStatus =
  | { readonly phase: 'joining' }
  | { readonly phase: 'joined' }
  /** The server is away or threw us out; the next attempt is under way in `retryInMs`. */
  | { readonly phase: 'reconnecting'; readonly reason: string; readonly retryInMs: number }
  /** Nothing more happens without the user. */
  | { readonly phase: 'failed'; readonly code: SignalingErrorCode; readonly reason: string; readonly advice: string };

/** What the server said on joining or coming back. */
export interface Welcome {
  readonly node: NodeId;
  /** Everyone else, oldest first. */
  readonly members: readonly NodeId[];
  readonly scheduler: NodeId;
  readonly term: number;
  readonly lanUrls: readonly string[];
  /** The same node as before the cut. When false after an earlier welcome, everyone sees a new node. */
  readonly isResumed: boolean;
}

/** What happens, in the server's order. */
export interface SignalingHandlers {
  onStatus(status: SignalingStatus): void;
  onWelcome(welcome: Welcome): void;
  onJoined(node: NodeId): void;
  onLeft(node: NodeId, reason: 'leave' | 'closed'): void;
  onTerm(scheduler: NodeId, term: number): void;
  onSignal(from: NodeId, connection: number, data: unknown): void;
  /** A request was refused and nothing else changed, e.g. a signal to a node that has just left. */
  onRefused(code: SignalingErrorCode, message: string): void;
  onRoundTrip(rttMs: number): void;
}

/** The part of `WebSocket` that is used: a browser's, or a test's. */
export type OpenSocket = (url: string) => WebSocket;

export interface SignalingOptions {
  readonly url: string;
  readonly room: string;
  readonly secret: string;
  /** Uniform in [0, 1): the jitter of reconnecting. */
  readonly random: () => number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly openSocket: OpenSocket;
}

/** Failures that no retry mends, and what the user can do about each. */
const FINAL_ADVICE: Partial<Record<SignalingErrorCode, string>> = {
  'unsupported-version':
    'Reload the page; if that does not help, the server and the page come from different versions.',
  'room-full': 'Close a tab of this room, or start a room of your own.',
  'too-many-rooms': 'Try again later, or run a server of your own.',
  'wrong-secret': 'Open the complete link that the room gave you, with everything after the #.',
  'bad-message': 'This is a fault of the page; reload it, and report the message.',
  'already-joined': 'This is a fault of the page; reload it, and report the message.',
};

interface Identity {
  readonly node: NodeId;
  readonly token: string;
  readonly life: string;
}

/** Joins on construction. All handlers are called from socket events and timers, never from inside a method. */
export class SignalingClient {
  private socket: WebSocket | null = null;
  private identity: Identity | null = null;
  private scheduler: NodeId | null = null;
  private term = 0;
  /** The newest node heard of: a restarted server must give nobody its id, or one before it. */
  private newest = 0;
  private attempt = 0;
  private isJoined = false;
  private isStopped = false;
  /** Pending retry, join timeout or next ping: only one of them at a time. */
  private cancelTimer: () => void = () => {};
  private cancelPongTimer: (() => void) | null = null;

  constructor(
    private readonly options: SignalingOptions,
    private readonly handlers: SignalingHandlers,
  ) {
    this.wait(0, () => this.open());
  }

  /**
   * What nodes tell each other while the server is away, or after this node has missed something: should this one be the
   * first to come back to a restarted server, that must know it, too.
   */
  hear(newest: NodeId, scheduler: NodeId, term: number): void {
    this.newest = Math.max(this.newest, newest);
    if (term > this.term) [this.scheduler, this.term] = [scheduler, term];
  }

  /** Relays `data` to another member. False when it can't now: not joined. The mesh tries again by itself. */
  signal(to: NodeId, connection: number, data: unknown): boolean {
    if (!this.isJoined) return false;
    this.send({ kind: 'signal', to, connection, data });
    return true;
  }

  /** Leaves for good: the others are told that this node won't come back. */
  leave(): void {
    if (this.isJoined) this.send({ kind: 'leave' });
    this.stop();
  }

  /** Stops without a word, as a crash would. */
  stop(): void {
    this.isStopped = true;
    this.drop();
  }

  private open(): void {
    this.handlers.onStatus({ phase: 'joining' });
    let socket: WebSocket;
    try {
      socket = this.options.openSocket(this.options.url);
    } catch (error) {
      this.retry(`${this.options.url} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    this.socket = socket;
    socket.onopen = () => this.send(this.hello());
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.retry(this.closeReason(event));
    // An error is always followed by a close, which says more.
    socket.onerror = () => {};
    // One that was opened before may be open by now.
    if (socket.readyState === 1) this.send(this.hello());
    this.wait(JOIN_TIMEOUT_MS, () => this.retry(`no answer from ${this.options.url} for ${JOIN_TIMEOUT_MS / 1000} s`));
  }

  private hello(): FromPage {
    const { room, secret } = this.options;
    const { identity, scheduler, term, newest } = this;
    const hello = { kind: 'hello', version: PROTOCOL_VERSION, room, secret } as const;
    return identity && scheduler ? { ...hello, resume: { ...identity, term, scheduler, newest } } : hello;
  }

  private send(message: FromPage): void {
    const { socket } = this;
    if (socket === null || socket.readyState !== 1) return;
    const text = JSON.stringify(message);
    if (text.length > MAX_SIGNALING_BYTES) throw new BadMessage(`a signal of ${text.length} characters is too long`);
    if (socket.bufferedAmount > MAX_SIGNALING_BACKLOG_BYTES) {
      this.retry('the connection to the signaling server does not move');
      return;
    }
    socket.send(text);
  }

  private receive(data: unknown): void {
    if (typeof data !== 'string') {
      this.retry('the signaling server sent bytes where text belongs; is it another program?');
      return;
    }
    try {
      this.handle(parseMessage(fromServerSchema, data));
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.retry(`the signaling server sent something unknown (${error.message}); is it another version?`);
    }
  }

  private handle(message: FromServer): void {
    const { handlers } = this;
    switch (message.kind) {
      case 'welcome':
        this.welcome(message);
        break;
      case 'joined':
        this.newest = Math.max(this.newest, message.node);
        handlers.onJoined(nodeId(message.node));
        break;
      case 'left':
        handlers.onLeft(nodeId(message.node), message.reason);
        break;
      case 'term':
        this.scheduler = nodeId(message.scheduler);
        this.term = message.term;
        handlers.onTerm(this.scheduler, message.term);
        break;
      case 'signal':
        handlers.onSignal(nodeId(message.from), message.connection, message.data);
        break;
      case 'pong':
        this.pong(message.at);
        break;
      case 'error':
        this.refused(message.code, message.message);
        break;
      default:
        message satisfies never;
    }
  }

  private welcome(message: Extract<FromServer, { kind: 'welcome' }>): void {
    const node = nodeId(message.node);
    const isResumed = this.identity?.node === node;
    this.identity = { node, token: message.token, life: message.life };
    this.newest = Math.max(this.newest, node, ...message.members);
    this.scheduler = nodeId(message.scheduler);
    this.term = message.term;
    this.isJoined = true;
    this.attempt = 0;
    this.wait(PING_INTERVAL_MS, () => this.ping());
    const { scheduler, term } = this;
    const members = message.members.map(nodeId);
    this.handlers.onWelcome({ node, members, scheduler, term, lanUrls: message.lanUrls, isResumed });
    this.handlers.onStatus({ phase: 'joined' });
  }

  private ping(): void {
    this.send({ kind: 'ping', at: this.options.now() });
    this.cancelPongTimer ??= this.options.startTimer(
      () => this.retry(`no answer from the signaling server for ${PONG_TIMEOUT_MS / 1000} s`),
      PONG_TIMEOUT_MS,
    );
    if (this.isJoined) this.wait(PING_INTERVAL_MS, () => this.ping());
  }

  private pong(at: number): void {
    this.cancelPongTimer?.();
    this.cancelPongTimer = null;
    this.handlers.onRoundTrip(Math.max(0, this.options.now() - at));
  }

  private refused(code: SignalingErrorCode, message: string): void {
    const advice = FINAL_ADVICE[code];
    // A member that was cut off may find its seat taken for a while: it keeps trying.
    const isSeatTaken = code === 'room-full' && this.identity !== null;
    if (this.isJoined) {
      if (code === 'shutting-down' || code === 'too-fast') this.retry(message);
      else this.handlers.onRefused(code, message);
    } else if (advice === undefined || isSeatTaken) this.retry(message);
    else {
      this.stop();
      this.handlers.onStatus({ phase: 'failed', code, reason: message, advice });
    }
  }

  private closeReason(event: CloseEvent): string {
    if (event.reason) return `the signaling server closed the connection: ${event.reason}`;
    return this.isJoined
      ? 'the connection to the signaling server was lost'
      : `the signaling server at ${this.options.url} cannot be reached`;
  }

  /** Gives this socket up and tries again later. */
  private retry(reason: string): void {
    this.drop();
    if (this.isStopped) return;
    const retryInMs = backoffMs(SIGNALING_BACKOFF, this.attempt++, this.options.random);
    this.wait(retryInMs, () => this.open());
    this.handlers.onStatus({ phase: 'reconnecting', reason, retryInMs });
  }

  private drop(): void {
    this.isJoined = false;
    this.cancelTimer();
    this.cancelPongTimer?.();
    this.cancelPongTimer = null;
    const { socket } = this;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private wait(delayMs: number, run: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.options.startTimer(run, delayMs);
  }
}
