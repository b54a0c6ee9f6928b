// The signaling server without its sockets: what arrives goes in, what to send comes out. Pure: time and randomness
// are passed in, and nothing that arrives makes it throw.

import { z } from 'zod';
import { MAX_SIGNALING_BYTES, PROTOCOL_VERSION } from '../src/protocol/limits.ts';
import {
  BadMessage,
  type FromPage,
  type FromServer,
  fromPageSchema,
  parseMessage,
  type SignalingErrorCode,
} from '../src/protocol/signaling.ts';
import {
  BYTES_PER_TOKEN,
  EMPTY_ROOM_MS,
  HELLO_TIMEOUT_MS,
  MAX_ERROR_LENGTH,
  MAX_SIGNAL_DEPTH,
  RESTORABLE_MS,
  type ServerLimits,
} from './limits.ts';
import { type Member, Room, type SocketId } from './room.ts';
import { TokenBucket } from './token-bucket.ts';

export type { SocketId } from './room.ts';

/** What the server must do, in order. */
export type Effect =
  | { readonly kind: 'send'; readonly socket: SocketId; readonly message: FromServer }
  | { readonly kind: 'close'; readonly socket: SocketId; readonly reason: string };

interface Seat {
  readonly roomName: string;
  readonly room: Room;
  readonly member: Member;
}

interface Connection {
  readonly bucket: TokenBucket;
  readonly openedAt: number;
  seat: Seat | null;
}

type Hello = Extract<FromPage, { kind: 'hello' }>;

/** A hello of any version: enough to tell the page that it is another one. */
const anyHelloSchema = z.object({ kind: z.literal('hello'), version: z.number() });

export class SignalingCore {
  private readonly rooms = new Map<string, Room>();
  private readonly connections = new Map<SocketId, Connection>();
  private effects: Effect[] = [];

  constructor(
    private readonly limits: ServerLimits,
    private readonly randomToken: () => string,
    private readonly lanUrls: () => string[],
    /** When this server began; the tabs of one before it come back soon after. */
    private readonly startedAt: number,
  ) {}

  get roomCount(): number {
    return this.rooms.size;
  }

  get nodeCount(): number {
    let nodes = 0;
    for (const room of this.rooms.values()) nodes += room.size;
    return nodes;
  }

  /** A socket has opened. Its messages come next. */
  opened(socket: SocketId, now: number): void {
    this.connections.set(socket, { bucket: new TokenBucket(this.limits.rate, now), openedAt: now, seat: null });
  }

  /** A text has arrived; null when it was bytes, or too long to be kept. */
  received(socket: SocketId, text: string | null, bytes: number, now: number): Effect[] {
    const connection = this.connections.get(socket);
    if (connection === undefined) return [];
    if (!connection.bucket.take(Math.max(1, bytes / BYTES_PER_TOKEN), now)) {
      this.expel(socket, 'too-fast', 'too many messages; slow down and come back', now);
    } else if (text === null) {
      this.refuse(socket, 'bad-message', 'bytes where JSON text belongs');
    } else this.parse(socket, connection, text, bytes, now);
    return this.take();
  }

  /** A socket has closed, for whatever reason. */
  closed(socket: SocketId, now: number): Effect[] {
    this.forget(socket, 'closed', now);
    return this.take();
  }

  /** Looks at what has run out. */
  tick(now: number): Effect[] {
    for (const [name, room] of this.rooms) {
      room.tick(now);
      if (room.emptySince !== null && now - room.emptySince >= EMPTY_ROOM_MS) this.rooms.delete(name);
    }
    for (const [socket, { seat, openedAt }] of this.connections) {
      if (seat === null && now - openedAt >= HELLO_TIMEOUT_MS) {
        this.expel(socket, 'not-joined', `no hello within ${HELLO_TIMEOUT_MS / 1000} s`, now);
      }
    }
    return this.take();
  }

  /** Tells everyone that the server stops. */
  stop(): Effect[] {
    for (const socket of this.connections.keys()) {
      this.refuse(socket, 'shutting-down', 'the signaling server is stopping; training goes on');
      this.effects.push({ kind: 'close', socket, reason: 'shutting-down' });
    }
    return this.take();
  }

  private parse(socket: SocketId, connection: Connection, text: string, bytes: number, now: number): void {
    try {
      if (bytes > MAX_SIGNALING_BYTES)
        throw new BadMessage(`${bytes} bytes; at most ${MAX_SIGNALING_BYTES} are allowed`);
      const { data: hello } = anyHelloSchema.safeParse(parseMessage(z.unknown(), text));
      if (hello && hello.version !== PROTOCOL_VERSION) {
        const words = `this server speaks version ${PROTOCOL_VERSION}, the page version ${hello.version}; reload the page`;
        this.expel(socket, 'unsupported-version', words, now);
      } else this.handle(socket, connection, parseMessage(fromPageSchema, text), now);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.refuse(socket, 'bad-message', error.message);
    }
  }

  private handle(socket: SocketId, connection: Connection, message: FromPage, now: number): void {
    switch (message.kind) {
      case 'hello':
        this.hello(socket, connection, message, now);
        break;
      case 'signal':
        this.relay(socket, connection, message);
        break;
      case 'ping':
        this.send(socket, { kind: 'pong', at: message.at });
        break;
      case 'leave':
        this.forget(socket, 'leave', now);
        this.effects.push({ kind: 'close', socket, reason: 'left' });
        break;
      default:
        message satisfies never;
    }
  }

  private hello(socket: SocketId, connection: Connection, hello: Hello, now: number): void {
    if (connection.seat) {
      this.refuse(socket, 'already-joined', `this socket is node ${connection.seat.member.node} already`);
      return;
    }
    const known = this.rooms.get(hello.room);
    if (!known && this.rooms.size >= this.limits.maxRooms) {
      this.expel(socket, 'too-many-rooms', `this server has no place for more than ${this.limits.maxRooms} rooms`, now);
      return;
    }
    if (known && !known.isSecret(hello.secret)) {
      this.expel(socket, 'wrong-secret', `room ${hello.room} exists and has another secret`, now);
      return;
    }
    const room = known ?? this.makeRoom(hello, now);
    const { maxRoomNodes } = this.limits;
    const admission = room.admit(socket, hello.resume, maxRoomNodes, this.lanUrls(), now);
    if (admission === null) {
      this.expel(socket, 'room-full', `room ${hello.room} has its ${maxRoomNodes} nodes`, now);
      return;
    }
    connection.seat = { roomName: hello.room, room, member: admission.member };
    for (const earlier of admission.replaced) this.release(earlier);
  }

  private makeRoom(hello: Hello, now: number): Room {
    const send = (socket: SocketId, message: FromServer): void => this.send(socket, message);
    const room = new Room(hello.secret, send, this.randomToken, now, this.startedAt + RESTORABLE_MS);
    if (hello.resume) room.restore(hello.resume, now);
    this.rooms.set(hello.room, room);
    return room;
  }

  /** Ends the earlier socket of a node that has come back on another one, or a stranger's; nobody saw it go. */
  private release(socket: SocketId): void {
    this.connections.delete(socket);
    this.effects.push({ kind: 'close', socket, reason: 'another connection has taken its place' });
  }

  private relay(socket: SocketId, connection: Connection, message: Extract<FromPage, { kind: 'signal' }>): void {
    const { seat } = connection;
    if (seat === null) {
      this.refuse(socket, 'not-joined', 'say hello first');
      return;
    }
    const target = seat.room.socketOf(message.to);
    if (target === undefined || target === socket) {
      this.refuse(socket, 'not-a-member', `node ${message.to} is no other member of this room; it may have left`);
      return;
    }
    if (!isShallow(message.data, MAX_SIGNAL_DEPTH)) {
      this.refuse(socket, 'bad-message', `the data nest deeper than ${MAX_SIGNAL_DEPTH} levels`);
      return;
    }
    const { connection: number, data } = message;
    this.send(target, { kind: 'signal', from: seat.member.node, connection: number, data });
  }

  private forget(socket: SocketId, reason: 'leave' | 'closed', now: number): void {
    const seat = this.connections.get(socket)?.seat;
    this.connections.delete(socket);
    seat?.room.remove(seat.member, reason, now);
  }

  private send(socket: SocketId, message: FromServer): void {
    this.effects.push({ kind: 'send', socket, message });
  }

  private refuse(socket: SocketId, code: SignalingErrorCode, words: string): void {
    this.send(socket, { kind: 'error', code, message: words.slice(0, MAX_ERROR_LENGTH) });
  }

  /** Refuses, and ends the socket: what it still sends is not read. */
  private expel(socket: SocketId, code: SignalingErrorCode, words: string, now: number): void {
    this.refuse(socket, code, words);
    this.forget(socket, 'closed', now);
    this.effects.push({ kind: 'close', socket, reason: code });
  }

  private take(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }
}

/** Whether JSON nests at most `levels` deep. */
function isShallow(data: unknown, levels: number): boolean {
  if (typeof data !== 'object' || data === null) return true;
  return levels > 0 && Object.values(data).every((value) => isShallow(value, levels - 1));
}
