import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_CLOCK, nodeId, type WorkerId } from '../protocol/ids.ts';
import { clockIn, frontOf, VectorClock } from './vector-clock.ts';

const worker = (node: number, incarnation = 1): WorkerId => ({ node: nodeId(node), incarnation });

/** A clock with workers 1, 2, … at these clocks. */
function clockOf(...clocks: number[]): VectorClock {
  const vector = new VectorClock();
  vector.setWorkers(clocks.map((_, at) => worker(at + 1)));
  for (const [at, clock] of clocks.entries()) vector.advance(worker(at + 1), clock);
  return vector;
}

/** What happens to a clock: workers change, or one goes on (perhaps a stale incarnation, perhaps nobody we know). */
type Event = { readonly workers: WorkerId[] } | { readonly worker: WorkerId; readonly clock: number };

const someWorker = fc.record({ node: fc.integer({ min: 1, max: 5 }).map(nodeId), incarnation: fc.nat(2) });
const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    fc.record({ workers: fc.uniqueArray(someWorker, { selector: ({ node }) => node, maxLength: 5 }) }),
    fc.record({ worker: someWorker, clock: fc.integer({ min: -3, max: 20 }) }),
  ),
  { maxLength: 30 },
);

function play(vector: VectorClock, event: Event): void {
  if ('workers' in event) vector.setWorkers(event.workers);
  else vector.advance(event.worker, event.clock);
}

describe('a vector clock', () => {
  it('starts with nobody, before any iteration', () => {
    const vector = new VectorClock();
    expect([vector.floor(), vector.front(), vector.get(worker(1))]).toEqual([NO_CLOCK, NO_CLOCK, null]);
    expect(vector.snapshot()).toEqual({ floor: NO_CLOCK, ahead: [] });
  });

  it('has its floor at the slowest and its front at the fastest', () => {
    const vector = clockOf(4, 2, 7);
    expect([vector.floor(), vector.front()]).toEqual([2, 7]);
  });

  it('moves a worker forward, never back', () => {
    const vector = clockOf(4);
    vector.advance(worker(1), 3);
    expect(vector.get(worker(1))).toBe(4);
    vector.advance(worker(1), 5);
    expect(vector.get(worker(1))).toBe(5);
  });

  it('ignores other incarnations and strangers', () => {
    const vector = clockOf(4);
    vector.advance(worker(1, 2), 9);
    vector.advance(worker(8), 9);
    expect(vector.list()).toEqual([{ worker: worker(1), clock: 4 }]);
    expect([vector.get(worker(1, 2)), vector.get(worker(8))]).toEqual([null, null]);
  });

  it('starts a newcomer at the floor: nobody waits for what it cannot have done', () => {
    const vector = clockOf(4, 6);
    vector.setWorkers([worker(1), worker(2), worker(3)]);
    expect([vector.get(worker(3)), vector.floor()]).toEqual([4, 4]);
  });

  it('starts a new incarnation at the floor of the others, whatever the old one had', () => {
    const vector = clockOf(9, 6);
    vector.setWorkers([worker(1, 2), worker(2)]);
    expect([vector.get(worker(1, 2)), vector.get(worker(1))]).toEqual([6, null]);
  });

  it('lets the floor rise when the slowest leaves', () => {
    const vector = clockOf(4, 2, 7);
    vector.setWorkers([worker(1), worker(3)]);
    expect(vector.floor()).toBe(4);
  });

  it('starts who comes with the leaving of the slowest at the floor of those who stay', () => {
    const vector = clockOf(4, 2, 7);
    vector.setWorkers([worker(1), worker(3), worker(5)]);
    expect(vector.get(worker(5))).toBe(4);
  });

  it('keeps its floor when everybody leaves, and goes on from there', () => {
    const vector = clockOf(4, 2);
    vector.setWorkers([]);
    expect([vector.floor(), vector.front()]).toEqual([2, 2]);
    vector.setWorkers([worker(7), worker(8)]);
    expect([vector.get(worker(7)), vector.get(worker(8))]).toEqual([2, 2]);
  });

  it('keeps its floor when all are replaced at once', () => {
    const vector = clockOf(4, 2);
    vector.setWorkers([worker(1, 2), worker(2, 2)]);
    expect(vector.snapshot()).toEqual({ floor: 2, ahead: [] });
  });

  it('has a snapshot of the floor and of those ahead of it only', () => {
    expect(clockOf(2, 5, 2).snapshot()).toEqual({ floor: 2, ahead: [{ node: 2, clock: 5 }] });
  });

  it('never lowers its floor, whatever happens', () => {
    fc.assert(
      fc.property(events, (list) => {
        const vector = new VectorClock();
        let floor = vector.floor();
        for (const event of list) {
          play(vector, event);
          expect(vector.floor()).toBeGreaterThanOrEqual(floor);
          expect(vector.front()).toBeGreaterThanOrEqual(vector.floor());
          floor = vector.floor();
        }
      }),
    );
  });

  it('never takes a worker back while it stays', () => {
    fc.assert(
      fc.property(events, (list) => {
        const vector = new VectorClock();
        for (const event of list) {
          const before = vector.list();
          play(vector, event);
          for (const { worker, clock } of before) {
            expect(vector.get(worker) ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(clock);
          }
        }
      }),
    );
  });

  it('says in a snapshot what it says itself', () => {
    fc.assert(
      fc.property(events, (list) => {
        const vector = new VectorClock();
        for (const event of list) play(vector, event);
        const snapshot = vector.snapshot();
        for (const { worker, clock } of vector.list()) expect(clockIn(snapshot, worker.node)).toBe(clock);
        expect([snapshot.floor, frontOf(snapshot)]).toEqual([vector.floor(), vector.front()]);
      }),
    );
  });

  it('is the same on the next owner of its segment, also when nobody is active', () => {
    fc.assert(
      fc.property(events, events, (list, more) => {
        const vector = new VectorClock();
        for (const event of list) play(vector, event);
        const copy = VectorClock.from(vector.floor(), vector.list());
        for (const event of more) {
          play(vector, event);
          play(copy, event);
          expect([copy.list(), copy.floor()]).toEqual([vector.list(), vector.floor()]);
        }
      }),
    );
  });
});
