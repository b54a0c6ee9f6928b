import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterSchema } from './cluster.ts';
import { applyChange, changeOf, clusterChangeSchema, edited, editOf, UnfitChange } from './cluster-change.ts';
import { type ClusterState, parseControl } from './control.ts';
import { nodeId } from './ids.ts';
import { clusterOf } from './testing.ts';

/** Small numbers, so that items come twice and come back. */
const list = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 });

const nodes = (count: number) => Array.from({ length: count }, (_, at) => nodeId(at + 1));

const arbitraryState: fc.Arbitrary<ClusterState> = fc
  .record({
    revision: fc.integer({ min: 0, max: 9 }),
    counter: fc.integer({ min: 0, max: 9 }),
    phase: fc.constantFrom('idle', 'running', 'failed'),
    lostIn: fc.option(fc.constantFrom('running', 'paused'), { nil: null }),
    message: fc.option(fc.constant('Why.'), { nil: null }),
    servers: list,
    chains: fc.array(list, { maxLength: 6 }),
    isPrivate: fc.boolean(),
    isAutomatic: fc.option(fc.boolean()),
  })
  .map(({ revision, counter, phase, lostIn, message, servers, chains, isPrivate, isAutomatic }) => {
    const ids = servers.map((node) => nodeId(node + 1));
    const placements = chains.map((chain) => ({ chain: chain.map((node) => nodeId(node + 1)), learners: [] }));
    const workers = ids.map((node) => ({ node, incarnation: counter }));
    const map = { epoch: { term: 1, counter }, run: 1, servers: ids, placements, workers };
    const leases = ids.map((worker): ClusterState['leases'][number] => ({ worker, runs: [[worker, 2, 7]] }));
    const roles = isAutomatic === null ? {} : { roles: { isAutomatic, assigned: [] } };
    return clusterOf({ revision, phase, lostIn, message, map, leases, privacy: { isPrivate, offers: [] }, ...roles });
  });

describe('an edit of a list', () => {
  it('makes the new one of the old one, whatever they are', () => {
    fc.assert(
      fc.property(list, list, (old, next) => {
        expect(edited(old, editOf(old, next) ?? undefined)).toEqual(next);
      }),
    );
  });

  it('is none where nothing has changed', () => {
    expect(editOf([1, 2, 3], [1, 2, 3])).toBeNull();
    expect(editOf([], [])).toBeNull();
  });

  it.each<[string, number[], number[], (number | number[])[]]>([
    ['one more at the end', [1, 2], [1, 2, 3], [2, [3]]],
    ['one less at the start', [1, 2, 3], [2, 3], [-1, 2]],
    ['one more and one less', [1, 2, 3, 4], [1, 3, 4, 5], [1, -1, 2, [5]]],
    ['two in their places', [1, 1, 1, 1, 1], [1, 2, 1, 3, 1], [1, [2], 1, [3], 1, -2]],
    ['all of it', [], [1], [[1]]],
  ])('says no more than it must: %s', (_, old, next, edit) => {
    expect(editOf(old, next)).toEqual(edit);
  });

  it('is refused where it is not one of this list', () => {
    expect(() => edited([1, 2], [1])).toThrow(UnfitChange);
    expect(() => edited([1, 2], [3])).toThrow(UnfitChange);
    expect(() => edited([1, 2], [2, Array.from({ length: 5_000 }, () => 1)])).toThrow(UnfitChange);
  });
});

describe('a change of the room', () => {
  it('makes the next state of the one that it was made for, also as JSON', () => {
    fc.assert(
      fc.property(arbitraryState, arbitraryState, (base, next) => {
        const message = parseControl(JSON.stringify(changeOf(base, next)));
        if (message.kind !== 'change') throw new Error('another message');
        expect(applyChange(base, message)).toEqual(next);
      }),
    );
  });

  it('has room for everything that a state has: what is forgotten would never be heard of', () => {
    const { fields, lists, ...others } = clusterChangeSchema.shape;
    const told = new Set([...Object.keys(fields.shape), ...Object.keys(lists.shape), ...Object.keys(others)]);
    // The map and privacy travel by their parts.
    const forgotten = Object.keys(clusterSchema.shape).filter(
      (name) => !told.has(name) && name !== 'map' && name !== 'privacy',
    );
    expect(forgotten).toEqual([]);
  });

  it('is refused by any other state', () => {
    const base = clusterOf({ revision: 4 });
    const change = changeOf(base, { ...base, revision: 5, phase: 'paused' });
    expect(() => applyChange({ ...base, revision: 3 }, change)).toThrow(UnfitChange);
    expect(() => applyChange({ ...base, term: base.term + 1 }, change)).toThrow(UnfitChange);
  });

  it('does not grow with what stays: one more of 1,000 workers costs as much as one more of 10', () => {
    const sizeOf = (count: number) => {
      const workers = nodes(count).map((node) => ({ node, incarnation: 7 }));
      const map = { epoch: { term: 1, counter: 7 }, run: 1, servers: [], placements: [], workers };
      const next = { ...map, workers: [...workers, { node: nodeId(5_000), incarnation: 8 }] };
      return JSON.stringify(changeOf(clusterOf({ map }), clusterOf({ map: next, revision: 9 }))).length;
    };
    // The number of those that stay has two digits more.
    expect(sizeOf(1_000)).toBe(sizeOf(10) + 2);
  });
});
