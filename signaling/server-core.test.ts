import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SIGNALING_BYTES, PROTOCOL_VERSION } from '../src/protocol/limits.ts';
import type { FromServer } from '../src/protocol/signaling.ts';
import {
  DEFAULT_LIMITS,
  EMPTY_ROOM_MS,
  HELLO_TIMEOUT_MS,
  RESTORABLE_MS,
  RESTORE_GAP,
  RESTORE_GRACE_MS,
  type ServerLimits,
} from './limits.ts';
import { SignalingCore } from './server-core.ts';

interface Resume {
  node: number;
  token: string;
  life: string;
  term: number;
  scheduler: number;
  newest: number;
}

/** A core with sockets that tests name by letters, and what each of them was sent. */
class World {
  readonly core: SignalingCore;
  now = 0;
  private tokens = 0;
  private readonly inbox = new Map<number, FromServer[]>();
  readonly closed: string[] = [];

  /** @param startedAt long ago, if not said: nobody comes back from a server before this one */
  constructor(limits: Partial<ServerLimits> = {}, startedAt = Number.NEGATIVE_INFINITY) {
    const nextToken = (): string => token(this.tokens++);
    this.core = new SignalingCore({ ...DEFAULT_LIMITS, ...limits }, nextToken, () => ['http://10.0.0.2/'], startedAt);
  }

  open(socket: string): void {
    this.core.opened(id(socket), this.now);
  }

  say(socket: string, message: unknown): void {
    this.text(socket, JSON.stringify(message));
  }

  text(socket: string, text: string): void {
    this.apply(this.core.received(id(socket), text, Buffer.byteLength(text), this.now));
  }

  hello(socket: string, extra: { room?: string; secret?: string; version?: number; resume?: Resume } = {}): void {
    this.open(socket);
    this.say(socket, { kind: 'hello', version: PROTOCOL_VERSION, room: 'room', secret: 'secret-1', ...extra });
  }

  cut(socket: string): void {
    this.apply(this.core.closed(id(socket), this.now));
  }

  advance(ms: number): void {
    this.now += ms;
    this.apply(this.core.tick(this.now));
  }

  apply(effects: ReturnType<SignalingCore['tick']>): void {
    for (const effect of effects) {
      if (effect.kind === 'close') this.closed.push(String.fromCharCode(effect.socket));
      else this.inbox.set(effect.socket, [...(this.inbox.get(effect.socket) ?? []), effect.message]);
    }
  }

  /** What a socket was sent since the last look. */
  got(socket: string): FromServer[] {
    const messages = this.inbox.get(id(socket)) ?? [];
    this.inbox.delete(id(socket));
    return messages;
  }

  /** Joins, and forgets what was sent so far. */
  join(...sockets: string[]): void {
    for (const socket of sockets) this.hello(socket);
    for (const socket of sockets) this.got(socket);
  }

  /** The code of the only message, an error. */
  error(socket: string): string {
    const messages = this.got(socket);
    expect(messages).toHaveLength(1);
    return messages[0]?.kind === 'error' ? messages[0].code : `no error but ${JSON.stringify(messages)}`;
  }
}

const id = (socket: string): number => socket.charCodeAt(0);
const token = (number: number): string => `token-number-${number}`.padEnd(20, '.');

describe('joining', () => {
  it('numbers nodes in the order of joins; the first schedules under term 1', () => {
    const world = new World();
    world.hello('a');
    expect(world.got('a')).toEqual([
      {
        kind: 'welcome',
        node: 1,
        token: token(1),
        life: token(0),
        members: [],
        scheduler: 1,
        term: 1,
        lanUrls: ['http://10.0.0.2/'],
      },
    ]);
    world.hello('b');
    world.hello('c');
    expect(world.got('c')).toMatchObject([{ kind: 'welcome', node: 3, members: [1, 2], scheduler: 1, term: 1 }]);
    expect(world.got('a')).toEqual([
      { kind: 'joined', node: 2 },
      { kind: 'joined', node: 3 },
    ]);
  });

  it('never gives an id twice, not even after everyone has gone', () => {
    const world = new World();
    world.join('a', 'b');
    world.say('b', { kind: 'leave' });
    world.hello('c');
    expect(world.got('c')).toMatchObject([{ node: 3 }]);
    world.cut('a');
    world.cut('c');
    world.advance(EMPTY_ROOM_MS - 1);
    world.hello('d');
    expect(world.got('d')).toMatchObject([{ node: 4, scheduler: 4, term: 3 }]);
  });

  it('forgets a room that stays empty', () => {
    const world = new World();
    world.join('a');
    world.cut('a');
    world.advance(EMPTY_ROOM_MS);
    expect(world.core.roomCount).toBe(0);
    world.hello('b', { secret: 'another-one' });
    expect(world.got('b')).toMatchObject([{ node: 1, term: 1 }]);
  });

  it.each([
    ['a wrong secret', { secret: 'secret-2' }, 'wrong-secret'],
    ['a full room', {}, 'room-full'],
    ['one room too many', { room: 'other' }, 'too-many-rooms'],
    ['another version', { version: PROTOCOL_VERSION + 1 }, 'unsupported-version'],
  ])('refuses %s and ends the socket', (_what, extra, code) => {
    const world = new World({ maxRooms: 1, maxRoomNodes: 1 });
    world.join('a');
    world.hello('b', extra);
    expect(world.error('b')).toBe(code);
    expect(world.closed).toEqual(['b']);
    world.hello('b');
    expect(world.got('a')).toEqual([]);
  });

  it('tells a page of another version so even when the rest has changed too', () => {
    const world = new World();
    world.open('a');
    world.say('a', { kind: 'hello', version: 99, whatever: true });
    expect(world.error('a')).toBe('unsupported-version');
  });

  it('happens once per socket', () => {
    const world = new World();
    world.join('a');
    world.say('a', { kind: 'hello', version: PROTOCOL_VERSION, room: 'room', secret: 'secret-1' });
    expect(world.error('a')).toBe('already-joined');
  });

  it('must come soon', () => {
    const world = new World();
    world.open('a');
    world.advance(HELLO_TIMEOUT_MS);
    expect(world.error('a')).toBe('not-joined');
    expect(world.closed).toEqual(['a']);
  });
});

describe('leaving', () => {
  it('of the scheduler makes the next oldest one, under the next term', () => {
    const world = new World();
    world.join('a', 'b', 'c');
    world.cut('a');
    const told: FromServer[] = [
      { kind: 'left', node: 1, reason: 'closed' },
      { kind: 'term', scheduler: 2, term: 2 },
    ];
    expect(world.got('b')).toEqual(told);
    expect(world.got('c')).toEqual(told);
  });

  it('of another node changes no scheduler', () => {
    const world = new World();
    world.join('a', 'b', 'c');
    world.say('b', { kind: 'leave' });
    expect(world.got('a')).toEqual([{ kind: 'left', node: 2, reason: 'leave' }]);
    expect(world.closed).toEqual(['b']);
  });
});

describe('coming back', () => {
  const resume = (node: number, extra: Partial<Resume> = {}): Resume => ({
    ...{ node, token: token(node), life: token(0), term: 1, scheduler: 1, newest: node },
    ...extra,
  });

  it('with the token is being the same node; the scheduler of meanwhile stays', () => {
    const world = new World();
    world.join('a', 'b');
    world.cut('a');
    world.got('b');
    world.hello('x', { resume: resume(1) });
    expect(world.got('x')).toMatchObject([{ kind: 'welcome', node: 1, token: token(1), scheduler: 2, term: 2 }]);
    expect(world.got('b')).toEqual([{ kind: 'joined', node: 1 }]);
  });

  it('before the old socket is known to be dead ends that one, and nobody notices', () => {
    const world = new World();
    world.join('a', 'b');
    world.hello('x', { resume: resume(1) });
    expect(world.got('x')).toMatchObject([{ kind: 'welcome', node: 1, members: [2], scheduler: 1, term: 1 }]);
    expect(world.closed).toEqual(['a']);
    world.cut('a');
    expect(world.got('b')).toEqual([]);
    world.say('b', { kind: 'signal', to: 1, connection: 1, data: 'hi' });
    expect(world.got('x')).toHaveLength(1);
  });

  it.each([
    ['a wrong token', resume(2, { token: token(9) })],
    ['an id that nobody had', resume(7)],
    ['the id of someone present', resume(1, { token: token(9) })],
  ])('with %s is being a new node', (_what, claim) => {
    const world = new World();
    world.join('a', 'b');
    world.cut('b');
    world.hello('x', { resume: claim });
    expect(world.got('x')).toMatchObject([{ kind: 'welcome', node: 3, term: 1 }]);
  });

  it('after leaving for good is being a new node', () => {
    const world = new World();
    world.join('a', 'b');
    world.say('b', { kind: 'leave' });
    world.hello('x', { resume: resume(2) });
    expect(world.got('x')).toMatchObject([{ node: 3 }]);
  });

  it('to a restarted server keeps ids, scheduler and term', () => {
    const world = new World();
    world.hello('b', { resume: resume(5, { term: 8, scheduler: 3 }) });
    expect(world.got('b')).toMatchObject([{ node: 5, token: token(5), members: [], scheduler: 3, term: 8 }]);
    world.hello('a', { resume: resume(3, { term: 8, scheduler: 3 }) });
    expect(world.got('a')).toMatchObject([{ node: 3, members: [5], scheduler: 3, term: 8 }]);
    world.advance(RESTORE_GRACE_MS);
    expect(world.got('b')).toEqual([{ kind: 'joined', node: 3 }]);
  });

  it('to a restarted server, others get ids far above all that were given', () => {
    const world = new World();
    world.hello('b', { resume: resume(5) });
    world.hello('c');
    expect(world.got('c')).toMatchObject([{ node: 5 + RESTORE_GAP }]);
    world.hello('d', { resume: resume(9) });
    expect(world.got('d')).toMatchObject([{ node: 9 }]);
  });

  it('to a server that restarts again, nodes that the one before it let in keep their ids', () => {
    const world = new World();
    world.hello('b', { resume: resume(5, { newest: 5 + RESTORE_GAP }) });
    world.hello('c', { resume: resume(5 + RESTORE_GAP) });
    expect(world.got('c')).toMatchObject([{ node: 5 + RESTORE_GAP }]);
    world.hello('d');
    expect(world.got('d')).toMatchObject([{ node: 5 + 2 * RESTORE_GAP }]);
  });

  const old = (node: number, extra: Partial<Resume> = {}) =>
    resume(node, { token: token(80 + node), life: token(80), newest: 3, ...extra });

  it('to a restarted server that let strangers in first keeps ids and terms, and the strangers begin anew', () => {
    const world = new World({}, 0);
    world.join('s', 't');
    world.hello('b', { resume: old(2, { term: 7 }) });
    expect(world.got('b')).toMatchObject([{ node: 2, life: token(80), members: [], scheduler: 1, term: 7 }]);
    expect(world.closed).toEqual(['s', 't']);
    // A stranger comes back, who had the id of the old room's first node.
    world.hello('u', { resume: resume(1) });
    expect(world.got('u')).toMatchObject([{ node: 3 + RESTORE_GAP, members: [2], scheduler: 1, term: 7 }]);
    world.hello('a', { resume: old(1, { term: 7 }) });
    expect(world.got('a')).toMatchObject([{ node: 1, members: [2, 3 + RESTORE_GAP], scheduler: 1, term: 7 }]);
  });

  it('to a restarted server gives way to the room of before, whoever is first', () => {
    const world = new World({}, 0);
    // A stranger of a server between the two.
    world.hello('s', { resume: resume(1) });
    world.hello('b', { resume: old(2) });
    expect(world.closed).toEqual(['s']);
    expect(world.got('b')).toMatchObject([{ node: 2, life: token(80), members: [] }]);
    world.hello('t', { resume: resume(1) });
    expect(world.got('t')).toMatchObject([{ node: 3 + RESTORE_GAP, life: token(80) }]);
  });

  it('with an id that nobody had is being a new node, once all of a server before have had their time', () => {
    const world = new World({}, 0);
    world.join('s');
    world.advance(RESTORABLE_MS);
    world.hello('b', { resume: old(2, { term: 7 }) });
    expect(world.got('b')).toMatchObject([{ node: 2, token: token(2), scheduler: 1, term: 1 }]);
  });

  it('to a restarted server, a scheduler that stays away is replaced under a term far above', () => {
    const world = new World();
    world.hello('b', { resume: resume(5, { term: 8, scheduler: 3 }) });
    world.got('b');
    world.advance(RESTORE_GRACE_MS - 1);
    expect(world.got('b')).toEqual([]);
    world.advance(1);
    expect(world.got('b')).toEqual([{ kind: 'term', scheduler: 5, term: 8 + RESTORE_GAP }]);
  });

  it('to a restarted server whose only node goes again, a stranger schedules nothing before the others have had their time', () => {
    const world = new World();
    world.hello('a', { resume: resume(3, { term: 8, scheduler: 3 }) });
    world.cut('a');
    world.hello('s');
    expect(world.got('s')).toMatchObject([{ node: 3 + RESTORE_GAP, scheduler: 3, term: 8 }]);
    world.hello('b', { resume: resume(2, { term: 8, scheduler: 3 }) });
    world.advance(RESTORE_GRACE_MS);
    expect(world.got('s').at(-1)).toEqual({ kind: 'term', scheduler: 2, term: 8 + RESTORE_GAP });
  });

  it('to a restarted server, the newest term that anyone knows counts', () => {
    const world = new World();
    world.hello('b', { resume: resume(5, { term: 8, scheduler: 3 }) });
    world.got('b');
    world.hello('c', { resume: resume(6, { term: 9, scheduler: 6 }) });
    expect(world.got('b')).toEqual([
      { kind: 'term', scheduler: 6, term: 9 },
      { kind: 'joined', node: 6 },
    ]);
    expect(world.got('c')).toMatchObject([{ node: 6, scheduler: 6, term: 9 }]);
  });

  it('with a claim near the end of all numbers is being a new node', () => {
    const world = new World();
    world.hello('a', { resume: resume(0xffff_ffff, { term: 0xffff_ffff }) });
    expect(world.got('a')).toMatchObject([{ node: 1, term: 1 }]);
  });
});

describe('signals', () => {
  it('reach the member that they are for, with the sender', () => {
    const world = new World();
    world.join('a', 'b', 'c');
    const data = { type: 'offer', sdp: 'v=0' };
    world.say('c', { kind: 'signal', to: 1, connection: 4, data });
    expect(world.got('a')).toEqual([{ kind: 'signal', from: 3, connection: 4, data }]);
    expect(world.got('b')).toEqual([]);
  });

  it('reach nobody outside the room', () => {
    const world = new World();
    world.join('a');
    world.hello('b', { room: 'other' });
    world.hello('c', { room: 'other' });
    world.got('c');
    world.say('c', { kind: 'signal', to: 3, connection: 1, data: 1 });
    expect(world.error('c')).toBe('not-a-member');
    world.say('c', { kind: 'signal', to: 2, connection: 1, data: 1 });
    expect(world.error('c')).toBe('not-a-member');
  });

  it('are for members only', () => {
    const world = new World();
    world.join('a');
    world.open('x');
    world.say('x', { kind: 'signal', to: 1, connection: 1, data: 1 });
    expect(world.error('x')).toBe('not-joined');
    expect(world.got('a')).toEqual([]);
  });

  it('that nest so deep that they could exhaust the stack are refused', () => {
    const world = new World();
    world.join('a', 'b');
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    world.text('b', `{"kind":"signal","to":1,"connection":1,"data":${deep}}`);
    expect(world.error('b')).toBe('bad-message');
  });
});

describe('limits', () => {
  it('a flood ends the socket, and the others see the node go', () => {
    const world = new World({ rate: { burst: 10, perSecond: 1 } });
    world.join('a', 'b');
    for (let count = 0; count < 9; count++) world.say('b', { kind: 'ping', at: 1 });
    expect(world.got('b')).toHaveLength(9);
    world.say('b', { kind: 'ping', at: 1 });
    expect(world.error('b')).toBe('too-fast');
    expect(world.closed).toEqual(['b']);
    expect(world.got('a')).toEqual([{ kind: 'left', node: 2, reason: 'closed' }]);
  });

  it('a steady stream under the rate goes on for ever, and big messages cost more', () => {
    const world = new World({ rate: { burst: 10, perSecond: 1 } });
    world.join('a');
    for (let count = 0; count < 100; count++) {
      world.say('a', { kind: 'ping', at: 1 });
      world.advance(1_000);
    }
    expect(world.got('a').every(({ kind }) => kind === 'pong')).toBe(true);
    world.text('a', 'x'.repeat(11 * 1024));
    expect(world.error('a')).toBe('too-fast');
  });

  it('a message over the largest is refused in words', () => {
    const world = new World();
    world.join('a');
    world.text('a', JSON.stringify({ kind: 'ping', at: 1, more: 'x'.repeat(MAX_SIGNALING_BYTES) }));
    expect(world.error('a')).toBe('bad-message');
    expect(world.closed).toEqual([]);
  });
});

it('nothing that arrives makes it throw, and nobody else is harmed', () => {
  const kinds = fc.constantFrom('hello', 'signal', 'ping', 'leave', 'welcome', '__proto__', 7);
  const field = fc.oneof(fc.jsonValue(), fc.integer(), fc.constantFrom('room', 'secret-1', PROTOCOL_VERSION));
  const almost = fc.record(
    {
      kind: kinds,
      version: field,
      room: field,
      secret: field,
      resume: field,
      to: field,
      connection: field,
      data: field,
      at: field,
    },
    { requiredKeys: ['kind'] },
  );
  const resume = fc.record({
    node: fc.integer(),
    token: fc.string(),
    term: fc.integer(),
    scheduler: fc.integer(),
    newest: fc.integer(),
  });
  const hello = resume.map((claim) => ({
    kind: 'hello',
    version: PROTOCOL_VERSION,
    room: 'room',
    secret: 'secret-1',
    resume: claim,
  }));
  const text = fc.oneof(
    fc.string(),
    almost.map((value) => JSON.stringify(value)),
    hello.map((value) => JSON.stringify(value)),
  );
  const step = fc.record({ socket: fc.constantFrom('x', 'y'), text, isCut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new World();
      world.join('a', 'b');
      for (const { socket, text: said, isCut } of steps) {
        world.open(socket);
        world.text(socket, said);
        if (isCut) world.cut(socket);
        world.advance(1);
      }
      world.got('a');
      world.got('b');
      world.say('b', { kind: 'signal', to: 1, connection: 1, data: 'still here' });
      expect(world.got('a')).toMatchObject([{ kind: 'signal', from: 2 }]);
    }),
  );
});
