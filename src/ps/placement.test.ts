import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import type { Placement } from './cluster-map.ts';
import { isSamePlacement, nextPlacement, startPlacement } from './placement.ts';

const placed = (chain: number[], learners: number[] = []): Placement => ({
  chain: chain.map(nodeId),
  learners: learners.map(nodeId),
});

/** The next step with everybody alive but `dead`. */
function next(current: Placement, wanted: number[], isSettled: boolean, ...dead: number[]): Placement | null {
  return nextPlacement(current, wanted.map(nodeId), (node) => !dead.includes(node), isSettled);
}

const nodes = fc.uniqueArray(fc.integer({ min: 1, max: 6 }).map(nodeId), { maxLength: 4 });
const someNodes = fc.uniqueArray(fc.integer({ min: 1, max: 6 }).map(nodeId), { minLength: 1, maxLength: 4 });
const placements = fc
  .tuple(someNodes, nodes)
  .map(([chain, learners]) => ({ chain, learners: learners.filter((node) => !chain.includes(node)) }));

describe('a segment', () => {
  it('starts with its whole chain', () => {
    expect(startPlacement([nodeId(2), nodeId(1)])).toEqual(placed([2, 1]));
  });

  it('stays where it is wanted', () => {
    expect(next(placed([1, 2]), [1, 2], true)).toEqual(placed([1, 2]));
  });

  it('moves in safe steps: it fills up, joins, leads', () => {
    const learning = next(placed([1]), [2], true);
    expect(learning).toEqual(placed([1], [2]));
    expect(next(placed([1], [2]), [2], false)).toEqual(placed([1], [2]));
    expect(next(placed([1], [2]), [2], true)).toEqual(placed([1, 2]));
    expect(next(placed([1, 2]), [2], false)).toEqual(placed([1, 2]));
    expect(next(placed([1, 2]), [2], true)).toEqual(placed([2]));
  });

  it('is led by the next in its chain as soon as its owner dies, settled or not', () => {
    expect(next(placed([1, 2, 3]), [1, 2, 3], false, 1)).toEqual(placed([2, 3]));
    expect(next(placed([1, 2], [3]), [2, 3], false, 1)).toEqual(placed([2], [3]));
  });

  it('is never led by a learner that has not joined: it may lack what was acknowledged', () => {
    expect(next(placed([1], [2]), [2], true, 1)).toBeNull();
  });

  it('fills a new replica in the background after a loss', () => {
    expect(next(placed([1, 2]), [2, 3], false, 1)).toEqual(placed([2], [3]));
  });

  it('gives up learners that died or are no longer wanted', () => {
    expect(next(placed([1], [2, 3]), [1, 3], false)).toEqual(placed([1], [3]));
    expect(next(placed([1], [2]), [1, 2], false, 2)).toEqual(placed([1]));
  });

  it('stays with its last copies where nobody is wanted', () => {
    expect(next(placed([1]), [], true)).toEqual(placed([1]));
  });

  it('is lost only with the last member of its chain', () => {
    expect(next(placed([1, 2]), [3], true, 1, 2)).toBeNull();
    expect(next(placed([1, 2]), [], false, 2)).toEqual(placed([1]));
  });

  it('is what it was compared by both lists, in order', () => {
    expect(isSamePlacement(placed([1, 2], [3]), placed([1, 2], [3]))).toBe(true);
    expect(isSamePlacement(placed([1, 2]), placed([2, 1]))).toBe(false);
    expect(isSamePlacement(placed([1], [2]), placed([1]))).toBe(false);
    expect(isSamePlacement(placed([1]), placed([1, 2]))).toBe(false);
  });

  it('whatever happens has an owner that was in the chain, nobody dead and nobody twice', () => {
    fc.assert(
      fc.property(placements, nodes, nodes, fc.boolean(), (current, wanted, dead, isSettled) => {
        const after = nextPlacement(current, wanted, (node) => !dead.includes(node), isSettled);
        if (after === null) {
          expect(current.chain.every((node) => dead.includes(node))).toBe(true);
          return;
        }
        const members = [...after.chain, ...after.learners];
        const [owner] = after.chain;
        expect(current.chain).toContain(owner);
        expect(new Set(members).size).toBe(members.length);
        expect(members.filter((node) => dead.includes(node))).toEqual([]);
      }),
    );
  });

  it('whose chain did not change by a death changes owner only when settled', () => {
    fc.assert(
      fc.property(placements, nodes, (current, wanted) => {
        const after = nextPlacement(current, wanted, () => true, false);
        expect(after?.chain).toEqual(current.chain);
      }),
    );
  });

  it('reaches what is wanted in a few steps, whatever it was, when every step settles', () => {
    fc.assert(
      fc.property(placements, someNodes, (start, wanted) => {
        let current: Placement | null = start;
        for (let step = 0; step < 4 && current !== null; step++) {
          current = nextPlacement(current, wanted, () => true, true);
        }
        expect(current).toEqual({ chain: wanted, learners: [] } satisfies { chain: NodeId[]; learners: NodeId[] });
      }),
    );
  });
});
