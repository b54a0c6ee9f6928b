import { describe, expect, it } from 'vitest';
import type { Frame, Pull, Push } from '../protocol/frames.ts';
import { type Epoch, NO_CLOCK, type NodeId, nodeId } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { Abandoned, Client, Rejected, type Task } from './client.ts';

const ME = { node: nodeId(1), incarnation: 2 };
const SERVER = nodeId(9);
const EPOCH: Epoch = { term: 1, counter: 1 };
const TABLES = [{ name: 'w', keys: 4, width: 2, init: { kind: 'zeros' } as const, shape: [4, 2] }];
const ALL = { keys: [null] };
const FRAME_BYTES = 1_000;

/** A client with one server, and what it sent. */
class Fixture {
  readonly sent: Frame[] = [];
  readonly client: Client;
  private requests = 1;

  constructor() {
    const send = (_: NodeId, frame: Frame) => {
      this.sent.push(frame);
      return FRAME_BYTES;
    };
    this.client = new Client(ME, 1, TABLES, send, () => this.requests++);
    const placements = [{ chain: [SERVER], learners: [] }];
    this.client.setMap({ epoch: EPOCH, run: 1, servers: [SERVER], placements, workers: [ME] });
    this.client.setLink(SERVER, true);
  }

  push(clock: number, after: Task<unknown>[] = []): Task<void> {
    const tables = [{ keys: null, values: new Float32Array(8) }];
    return this.client.push({ clock, samples: 4, tables, readFronts: new Map(), after });
  }

  /** Answers the pulls so far, with rows of `value`. */
  answer(value: number): void {
    for (const pull of this.sent.splice(0)) if (pull.kind === 'pull') this.receive(answerTo(pull, value));
  }

  ack(clock: number): void {
    this.receive({ kind: 'ack', epoch: EPOCH, table: 0, segment: 0, worker: ME, clock });
  }

  receive(frame: Frame): void {
    this.client.receive(SERVER, frame, FRAME_BYTES);
  }

  get clocksSent(): number[] {
    return this.sent.flatMap((frame) => (frame.kind === 'push' ? [frame.clock] : []));
  }
}

function answerTo(
  { table, segment, request, keys }: Pick<Pull, 'table' | 'segment' | 'request' | 'keys'>,
  value: number,
): Frame {
  const values = new Float32Array(2 * (keys?.length ?? 4)).fill(value);
  const clocks = { floor: 3, ahead: [] };
  return { kind: 'answer', epoch: EPOCH, table, segment, request, version: 1, isHeldBack: false, clocks, values };
}

/** Whether a promise has settled after everything that can happen now has happened, and how. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol('pending');
  const turns = (async () => {
    for (let turn = 0; turn < 20; turn++) await null;
    return pending;
  })();
  const outcome = await Promise.race([promise.catch((error: unknown) => error), turns]);
  return outcome === pending ? 'pending' : outcome;
}

describe('a pull', () => {
  it('is done when its rows are there, with what they are', async () => {
    const fixture = new Fixture();
    const pull = fixture.client.pull({ minClock: 3, ...ALL });
    expect(await outcomeOf(pull.done)).toBe('pending');
    fixture.answer(7);
    expect(await pull.done).toMatchObject({ ownClocks: new Map([[0, 3]]), isHeldBack: false });
    expect([...((await pull.done).tables[0] ?? [])]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
  });

  it('makes room for the rows that it asks for, or fills what it is given', async () => {
    const fixture = new Fixture();
    const keys = [Uint32Array.of(1, 3)];
    const into = [new Float32Array(8)];
    const [some, given] = [
      fixture.client.pull({ minClock: 0, keys }),
      fixture.client.pull({ minClock: 0, ...ALL, into }),
    ];
    fixture.answer(5);
    expect((await some.done).tables[0]).toEqual(Float32Array.of(5, 5, 5, 5));
    expect((await given.done).tables).toBe(into);
    expect(into[0]?.[7]).toBe(5);
  });

  it('says that it needs nothing done, unless told', () => {
    const fixture = new Fixture();
    fixture.client.pull({ minClock: 0, ...ALL });
    fixture.client.pull({ minClock: 0, ...ALL, done: 4 });
    expect(fixture.sent).toMatchObject([{ done: NO_CLOCK }, { done: 4 }]);
  });
});

it('counts the bytes of frames as links say them, and none of what its own tab’s shard answers', () => {
  const fixture = new Fixture();
  fixture.push(0);
  fixture.client.pull({ minClock: 0, ...ALL });
  fixture.answer(1);
  expect(fixture.client.traffic).toMatchObject({ push: { wire: FRAME_BYTES }, pull: { wire: 2 * FRAME_BYTES } });
  // An answer of this tab's own shard.
  fixture.client.receive(ME.node, answerTo({ table: 0, segment: 0, request: 99, keys: null }, 1), FRAME_BYTES);
  expect(fixture.client.traffic.pull.wire).toBe(2 * FRAME_BYTES);
});

describe('a push', () => {
  it('is done when it is acknowledged', async () => {
    const fixture = new Fixture();
    const push = fixture.push(0);
    expect(await outcomeOf(push.done)).toBe('pending');
    fixture.ack(0);
    expect(await outcomeOf(push.done)).toBeUndefined();
  });

  it('is sent again over a new link', () => {
    const fixture = new Fixture();
    fixture.push(0);
    fixture.client.setLink(SERVER, false);
    fixture.client.setLink(SERVER, true);
    expect(fixture.clocksSent).toEqual([0, 0]);
  });
});

describe('a task after others', () => {
  it('begins when all of them are done', async () => {
    const fixture = new Fixture();
    const first = fixture.push(0);
    const second = fixture.push(1, [first]);
    expect(fixture.clocksSent).toEqual([0]);
    fixture.ack(0);
    await first.done;
    expect(await outcomeOf(second.done)).toBe('pending');
    expect(fixture.clocksSent).toEqual([0, 1]);
    fixture.ack(1);
    expect(await outcomeOf(second.done)).toBeUndefined();
  });

  it('fails with them', async () => {
    const fixture = new Fixture();
    const failed = { done: Promise.reject(new Error('no')) };
    expect(await outcomeOf(fixture.push(1, [failed]).done)).toMatchObject({ message: 'no' });
    expect(await outcomeOf(fixture.client.pull({ minClock: 0, ...ALL, after: [failed] }).done)).toMatchObject({
      message: 'no',
    });
    expect(fixture.sent).toEqual([]);
  });

  it('that failed does not count as under way', async () => {
    const fixture = new Fixture();
    const failed = { done: Promise.reject(new Error('no')) };
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) await outcomeOf(fixture.push(clock, [failed]).done);
    expect(await outcomeOf(fixture.client.roomToPush())).toBeUndefined();
  });
});

describe('room to push', () => {
  it('is there while few pushes are under way, and again when one is acknowledged', async () => {
    const fixture = new Fixture();
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) {
      expect(await outcomeOf(fixture.client.roomToPush())).toBeUndefined();
      fixture.push(clock);
    }
    const room = fixture.client.roomToPush();
    expect(await outcomeOf(room)).toBe('pending');
    fixture.ack(0);
    expect(await outcomeOf(room)).toBeUndefined();
  });

  it('is not waited for by who is closed', async () => {
    const fixture = new Fixture();
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) fixture.push(clock);
    const room = fixture.client.roomToPush();
    fixture.client.close();
    expect(await outcomeOf(room)).toBeInstanceOf(Abandoned);
  });
});

describe('a closed client', () => {
  it('fails what was under way, and sends nothing more', async () => {
    const fixture = new Fixture();
    const tasks = [fixture.client.pull({ minClock: 0, ...ALL }), fixture.push(0)];
    fixture.client.close();
    for (const task of tasks) expect(await outcomeOf(task.done)).toBeInstanceOf(Abandoned);
    fixture.sent.length = 0;
    fixture.client.setLink(SERVER, true);
    fixture.ack(0);
    expect(fixture.sent).toEqual([]);
  });

  it('fails what comes after, too: nobody waits for ever', async () => {
    const fixture = new Fixture();
    fixture.client.close();
    expect(await outcomeOf(fixture.client.pull({ minClock: 0, ...ALL }).done)).toBeInstanceOf(Abandoned);
    expect(await outcomeOf(fixture.push(0).done)).toBeInstanceOf(Abandoned);
  });

  it('is what a refused one becomes: the message names the node and the reason', async () => {
    const fixture = new Fixture();
    const push = fixture.push(0);
    const place = { epoch: EPOCH, table: 0, segment: 0, worker: ME, clock: 0, request: 0 };
    fixture.receive({ kind: 'refuse', ...place, reason: 'not-finite' });
    const error = await outcomeOf(push.done);
    expect(error).toBeInstanceOf(Rejected);
    expect(error).toMatchObject({ message: 'Node 9 refused what this tab sent: not-finite.' });
  });
});

describe('traffic', () => {
  it('counts the values, and the bytes of the frames that carry them, each way', () => {
    const fixture = new Fixture();
    fixture.push(0);
    fixture.client.pull({ minClock: 0, ...ALL });
    fixture.answer(1);
    fixture.ack(0);
    expect(fixture.client.traffic).toMatchObject({
      push: { raw: 32, wire: FRAME_BYTES },
      // The pull itself, and its answer.
      pull: { raw: 32, wire: 2 * FRAME_BYTES },
    });
  });

  it('counts frames that are sent again, but their values once', () => {
    const fixture = new Fixture();
    fixture.push(0);
    fixture.client.setLink(SERVER, true);
    expect(fixture.client.traffic.push).toMatchObject({ raw: 32, wire: 2 * FRAME_BYTES });
    expect(fixture.sent.map((frame) => (frame as Push).clock)).toEqual([0, 0]);
  });
});
