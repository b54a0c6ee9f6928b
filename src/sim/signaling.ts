// Signaling in virtual time: the server's own core and each tab's own client, on sockets that take a while and break. The
// server can be away, for all or for one; after that it is another, which knows nothing.
import { DEFAULT_LIMITS, TICK_MS } from '../../signaling/limits.ts';
import { type Effect, SignalingCore, type SocketId } from '../../signaling/server-core.ts';
import { SignalingClient, type SignalingHandlers } from '../net/signaling-client.ts';
import type { StartTimer } from '../net/timers.ts';
import { hash32, Random } from '../random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** From a crash to the server's notice of it, and a message's way. */
const NOTICE_MS = 60;
const RELAY_MS = 2;

const OPEN = 1;
const CLOSED = 3;

/** The part of a WebSocket that a client uses, and the server's end of it. */
class VirtualSocket {
  readyState = 0;
  readonly bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(
    readonly send: (text: string) => void,
    private readonly onClose: () => void,
  ) {}

  close(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.onClose();
  }

  /** The other end, or the way there, is gone. */
  lose(reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.onclose?.({ reason });
  }
}

/** What a tab hears. */
export type LineHandlers = Pick<SignalingHandlers, 'onWelcome' | 'onJoined' | 'onLeft' | 'onTerm'> & { onAway(): void };

/** One tab's end. */
export class SignalingLine {
  readonly client: SignalingClient;
  /** Can what it sends reach others through the server? */
  isJoined = false;
  private isCutOff = false;
  private hasCrashed = false;
  private readonly sockets = new Map<VirtualSocket, SocketId>();

  constructor(
    private readonly server: VirtualSignaling,
    private readonly time: VirtualTime,
    random: Random,
    handlers: LineHandlers,
  ) {
    this.client = new SignalingClient(
      {
        ...{ url: 'virtual', room: 'virtual', secret: 'a-virtual-secret' },
        ...{ random: () => random.unit(), now: () => time.now, startTimer: timerOf(time) },
        openSocket: () => this.open() as unknown as WebSocket,
      },
      {
        ...handlers,
        onStatus: ({ phase }) => {
          this.isJoined = phase === 'joined';
          if (phase === 'reconnecting') handlers.onAway();
        },
        onWelcome: (welcome) => {
          this.isJoined = true;
          handlers.onWelcome(welcome);
        },
        onSignal: () => undefined,
        onRefused: () => undefined,
        onRoundTrip: () => undefined,
      },
    );
  }

  private get reaches(): boolean {
    return this.server.isUp && !this.isCutOff;
  }

  private open(): VirtualSocket {
    const { server, time } = this;
    const socket: VirtualSocket = new VirtualSocket(
      (text) => time.after(RELAY_MS, () => this.pass(socket, text)),
      () => time.after(this.hasCrashed ? NOTICE_MS : RELAY_MS, () => this.forget(socket)),
    );
    time.after(RELAY_MS, () => {
      if (!this.reaches) return socket.lose('');
      if (socket.readyState === CLOSED) return;
      this.sockets.set(socket, server.accept(socket));
      socket.readyState = OPEN;
      socket.onopen?.();
    });
    return socket;
  }

  private pass(socket: VirtualSocket, text: string): void {
    const id = this.sockets.get(socket);
    if (id !== undefined && this.reaches) this.server.receive(id, text);
  }

  private forget(socket: VirtualSocket): void {
    const id = this.sockets.get(socket);
    this.sockets.delete(socket);
    if (id !== undefined) this.server.closed(id);
  }

  /** Its way to the server breaks, and both ends notice after a while; `restore` mends the way. */
  cut(): void {
    if (this.isCutOff) return;
    this.isCutOff = true;
    const broken = [...this.sockets.keys()];
    this.time.after(NOTICE_MS, () => {
      for (const socket of broken) {
        this.forget(socket);
        socket.lose('');
      }
    });
  }

  restore(): void {
    this.isCutOff = false;
  }

  /** The tab has crashed: the server hears of it by and by. */
  crash(): void {
    this.hasCrashed = true;
    this.client.stop();
  }
}

export class VirtualSignaling {
  isUp = true;
  private core: SignalingCore;
  private readonly sockets = new Map<SocketId, VirtualSocket>();
  private lastSocket = 0;
  private lines = 0;
  private tokens = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly seed: number,
    /** More than a real room has, for rooms that show how cost grows. */
    private readonly roomNodes: number,
  ) {
    this.core = this.start();
    this.tickLater();
  }

  /** A tab opens: it joins as soon as it can. */
  open(handlers: LineHandlers): SignalingLine {
    return new SignalingLine(this, this.time, new Random(hash32(this.seed, 23, ++this.lines)), handlers);
  }

  accept(socket: VirtualSocket): SocketId {
    const id = ++this.lastSocket;
    this.sockets.set(id, socket);
    this.core.opened(id, this.time.now);
    return id;
  }

  receive(id: SocketId, text: string): void {
    if (this.sockets.has(id)) this.apply(this.core.received(id, text, text.length, this.time.now));
  }

  closed(id: SocketId): void {
    if (this.sockets.delete(id)) this.apply(this.core.closed(id, this.time.now));
  }

  stop(): void {
    this.apply(this.core.stop());
    this.isUp = false;
  }

  /** Another server, in the same place. */
  restart(): void {
    this.core = this.start();
    this.isUp = true;
  }

  private start(): SignalingCore {
    const token = () => `token-${++this.tokens}`.padEnd(16, '.');
    const maxRoomNodes = Math.max(DEFAULT_LIMITS.maxRoomNodes, this.roomNodes);
    return new SignalingCore({ ...DEFAULT_LIMITS, maxRoomNodes }, token, () => [], this.time.now);
  }

  private tickLater(): void {
    this.time.after(TICK_MS, () => {
      if (this.isUp) this.apply(this.core.tick(this.time.now));
      this.tickLater();
    });
  }

  private apply(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const socket = this.sockets.get(effect.socket);
      if (socket === undefined) continue;
      if (effect.kind === 'close') {
        this.time.after(RELAY_MS, () => socket.lose(effect.reason));
        this.time.after(RELAY_MS, () => this.closed(effect.socket));
      } else {
        const data = JSON.stringify(effect.message);
        this.time.after(RELAY_MS, () => {
          if (socket.readyState === OPEN) socket.onmessage?.({ data });
        });
      }
    }
  }
}

const timerOf =
  (time: VirtualTime): StartTimer =>
  (run, delayMs) => {
    let isCancelled = false;
    time.after(delayMs, () => {
      if (!isCancelled) run();
    });
    return () => {
      isCancelled = true;
    };
  };
