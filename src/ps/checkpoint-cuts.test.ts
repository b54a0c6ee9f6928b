import { describe, expect, it } from 'vitest';
import type { CheckpointPolicy, CheckpointState, Report } from '../protocol/control.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import { CheckpointCuts, CUT_TIMEOUT_MS, type CutSituation } from './checkpoint-cuts.ts';

const [A, B] = [nodeId(1), nodeId(2)];
const NOTHING: CheckpointState = { cutAt: null, newest: null };
const PART_A = 'a'.repeat(64);
const PART_B = 'b'.repeat(64);

/** A run of 1,000 clocks in BSP with two segments, whose workers are at clock 10. */
const at = (change: Partial<CutSituation> = {}): CutSituation => ({
  now: 0,
  floor: 10,
  soonest: 13,
  last: 999,
  segments: 2,
  isBsp: () => true,
  roundEnd: (clock: number) => clock,
  ...change,
});

const cutsOf = (policy: Partial<CheckpointPolicy>, first = NO_CLOCK) =>
  new CheckpointCuts({ steps: null, seconds: null, ...policy }, first, 0);

const cut = (clock: number, part: string, segments: number[], isExact = true): Report['cut'] => ({
  clock,
  part,
  segments,
  isExact,
});

describe('the clock of the next checkpoint', () => {
  it('ends a whole number of times so many steps', () => {
    expect(cutsOf({ steps: 50 }).next(NOTHING, at()).cutAt).toBe(49);
    expect(cutsOf({ steps: 50 }).next(NOTHING, at({ soonest: 49 })).cutAt).toBe(49);
    expect(cutsOf({ steps: 50 }).next(NOTHING, at({ soonest: 50 })).cutAt).toBe(99);
  });

  it('is the soonest possible once so many seconds have passed', () => {
    const cuts = cutsOf({ seconds: 30 });
    expect(cuts.next(NOTHING, at({ now: 29_999 })).cutAt).toBe(999);
    expect(cuts.next(NOTHING, at({ now: 30_000 })).cutAt).toBe(13);
  });

  it('moves to an earlier one when the seconds are over first, and then stays', () => {
    const cuts = cutsOf({ steps: 200, seconds: 30 });
    const first = cuts.next(NOTHING, at());
    expect(first.cutAt).toBe(199);
    const second = cuts.next(first, at({ now: 30_000 }));
    expect(second.cutAt).toBe(13);
    expect(cuts.next(second, at({ now: 30_100, soonest: 15 }))).toBe(second);
  });

  it('is the last clock that may be started, at a pause and at the end', () => {
    expect(cutsOf({ steps: 50 }).next(NOTHING, at({ last: 14 })).cutAt).toBe(14);
    expect(cutsOf({ steps: 5_000 }).next(NOTHING, at()).cutAt).toBe(999);
  });

  it('is none while checkpoints are off, until somebody asks', () => {
    const cuts = cutsOf({});
    expect(cuts.next(NOTHING, at())).toBe(NOTHING);
    cuts.ask();
    expect(cuts.next(NOTHING, at()).cutAt).toBe(13);
  });

  it('is none where all that could be cut is what the run goes on from', () => {
    expect(cutsOf({ steps: 50 }, 99).next(NOTHING, at({ soonest: 102, last: 99 })).cutAt).toBeNull();
    expect(cutsOf({ steps: 50 }, 99).next(NOTHING, at({ soonest: 12 })).cutAt).toBe(149);
  });
});

describe('a checkpoint', () => {
  const wanted: CheckpointState = { cutAt: 49, newest: null };

  it('is complete when every segment was kept at its clock, and the next one is announced', () => {
    const cuts = cutsOf({ steps: 50 });
    cuts.take(A, cut(49, PART_A, [0]));
    expect(cuts.next(wanted, at({ floor: 49, soonest: 51 }))).toBe(wanted);
    cuts.take(B, cut(49, PART_B, [1]));
    const done = cuts.next(wanted, at({ floor: 49, soonest: 51 }));
    expect(done).toEqual({ cutAt: 99, newest: { clock: 49, parts: [PART_A, PART_B] } });
  });

  it('is not completed by the segments of another cut, or of a node that is gone', () => {
    const cuts = cutsOf({ steps: 50 });
    cuts.take(A, cut(49, PART_A, [0]));
    cuts.take(B, cut(48, PART_B, [1]));
    expect(cuts.next(wanted, at({ floor: 49 }))).toBe(wanted);
    cuts.take(B, cut(49, PART_B, [1]));
    cuts.forget(A);
    expect(cuts.next(wanted, at({ floor: 49 }))).toBe(wanted);
  });

  it('is cut anew where a segment already held more in BSP; elsewhere that is no fault', () => {
    const inexact = () => {
      const cuts = cutsOf({ steps: 50 });
      cuts.take(A, cut(49, PART_A, [0, 1], false));
      return cuts;
    };
    expect(inexact().next(wanted, at({ soonest: 60 }))).toEqual({ cutAt: 60, newest: null });
    const async = inexact().next(wanted, at({ soonest: 60, isBsp: () => false }));
    expect(async.newest?.clock).toBe(49);
  });

  it('is cut anew when an owner was lost: its part doesn’t come', () => {
    const cuts = cutsOf({ steps: 50 });
    cuts.take(A, cut(49, PART_A, [0]));
    expect(cuts.next(wanted, at({ floor: 49, soonest: 52 }))).toBe(wanted);
    expect(cuts.next(wanted, at({ floor: 80, soonest: 83, now: CUT_TIMEOUT_MS }))).toBe(wanted);
    expect(cuts.next(wanted, at({ floor: 80, soonest: 83, now: CUT_TIMEOUT_MS + 1 })).cutAt).toBe(83);
  });
});
