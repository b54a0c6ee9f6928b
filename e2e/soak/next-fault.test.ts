import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.ts';
import { FAULT_NAMES, LEAST_TABS, MOST_TABS, nextFault, type RoomState } from './next-fault.ts';

const calm: RoomState = {
  ...{ workers: 3, servers: 3, scheduler: 'worker', copies: 2 },
  ...{ isSignalingUp: true, isBusy: false, clock: 7 },
};

/** Every fault that may come in this state. */
function kindsOf(state: Partial<RoomState> = {}): Set<string> {
  const random = new Random(1);
  const texts = Array.from({ length: 500 }, () => nextFault(random, { ...calm, ...state })?.text.replace(/:\d+s$/, ''));
  return new Set(texts.filter((text) => text !== undefined));
}

describe('the next fault', () => {
  it('is of any kind, where the room can bear all', () => {
    expect([...kindsOf()].sort()).toEqual([...FAULT_NAMES].sort());
  });

  it('keeps to those that are wanted, and is none where the room can’t bear them', () => {
    const random = new Random(1);
    const draw = (state: RoomState) => nextFault(random, state, ['stop-signaling', 'kill-worker'])?.text;
    expect(new Set(Array.from({ length: 50 }, () => draw(calm)))).toEqual(new Set(['stop-signaling', 'kill-worker']));
    expect(draw({ ...calm, isSignalingUp: false })).toBeUndefined();
  });

  it('is the same for the same seed', () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => nextFault(random, calm));
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('destroys no last copy', () => {
    const kinds = kindsOf({ copies: 1, scheduler: 'server' });
    for (const text of ['kill-server', 'leave-server', 'kill-scheduler']) expect(kinds).not.toContain(text);
  });

  it('leaves two of a role, and opens no fifth', () => {
    const few = kindsOf({ workers: LEAST_TABS, servers: LEAST_TABS });
    expect([...few].filter((text) => /^(kill|leave)/.test(text))).toEqual([]);
    expect([...kindsOf({ workers: MOST_TABS, servers: MOST_TABS })].filter((text) => /^join/.test(text))).toEqual([]);
  });

  it('needs signaling for whatever changes the map', () => {
    expect([...kindsOf({ isSignalingUp: false })].sort()).toEqual(['cut-pair', 'pause-worker']);
    expect([...kindsOf({ isSignalingUp: false, isBusy: true })]).toEqual(['cut-pair']);
  });

  it('pauses for seconds on both sides of the silence after which a tab is taken for gone', () => {
    const random = new Random(2);
    const seconds = Array.from({ length: 500 }, () => nextFault(random, { ...calm, workers: 2, servers: 2 })).flatMap(
      (fault) => (fault?.kind === 'pause' ? fault.seconds : []),
    );
    expect([Math.min(...seconds), Math.max(...seconds)]).toEqual([1, 9]);
  });
});
