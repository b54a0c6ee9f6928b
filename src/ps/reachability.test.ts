import { describe, expect, it } from 'vitest';
import type { RoleChoice } from '../protocol/control.ts';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import { Reachability, type RoleRoom, STEADY_MS, sideline, UNREACHED_MS } from './reachability.ts';
import { mayWork } from './roles.ts';

const [one, two, three, four, five] = [1, 2, 3, 4, 5].map(nodeId) as [NodeId, NodeId, NodeId, NodeId, NodeId];

describe('pairs that are apart', () => {
  it('count when either end has said so for long enough', () => {
    const reach = new Reachability([], 0);
    expect(reach.note(two, [three], 100)).toBe(true);
    expect(reach.note(two, [three], 350)).toBe(false);
    reach.note(three, [], 400);
    expect(reach.conflicts(100 + UNREACHED_MS - 1)).toEqual([]);
    expect(reach.conflicts(100 + UNREACHED_MS)).toEqual([[two, three]]);
  });

  it('do not count when the connection is back in time, and the next break starts anew', () => {
    const reach = new Reachability([], 0);
    reach.note(three, [two], 0);
    reach.note(three, [], UNREACHED_MS - 1);
    expect(reach.conflicts(UNREACHED_MS)).toEqual([]);
    reach.note(two, [three], UNREACHED_MS + 1);
    expect(reach.conflicts(2 * UNREACHED_MS)).toEqual([]);
    expect(reach.conflicts(2 * UNREACHED_MS + 1)).toEqual([[two, three]]);
  });

  it('count until they have been connected for a while', () => {
    const reach = new Reachability([], 0);
    const back = 2 * UNREACHED_MS;
    reach.note(two, [three], 0);
    reach.note(two, [], back);
    expect(reach.conflicts(back + STEADY_MS - 1)).toHaveLength(1);
    expect(reach.conflicts(back + STEADY_MS)).toEqual([]);
  });

  it('are forgotten with either node', () => {
    const reach = new Reachability([], 0);
    reach.note(two, [three], 0);
    reach.forget(three);
    expect(reach.conflicts(UNREACHED_MS)).toEqual([]);
  });

  it('are taken over from the scheduler before, until reports say otherwise', () => {
    const adopted = [{ node: three, unreached: two, worker: true, server: false }];
    const reach = new Reachability(adopted, 1_000);
    expect(reach.conflicts(1_000)).toEqual([[three, two]]);
    reach.note(three, [two], 1_100);
    expect(reach.conflicts(1_000 + 2 * STEADY_MS)).toHaveLength(1);
    reach.note(three, [], 20_000);
    expect(reach.conflicts(20_000 + STEADY_MS)).toEqual([]);
  });

  it('keep a newcomer out at once, who says itself that it reaches no server', () => {
    const reach = new Reachability([], 0);
    expect(reach.reaches(three, [one, two])).toBe(true);
    reach.note(three, [two], 0);
    expect(reach.reaches(three, [one])).toBe(true);
    expect(reach.reaches(three, [one, two])).toBe(false);
  });
});

/** Nodes 1, 2, … with these roles; those who must serve do. */
function roomOf(roles: readonly RoleChoice[], change: Partial<RoleRoom> = {}): RoleRoom {
  const nodes = roles.map((role, index) => ({ node: nodeId(index + 1), role, isLeaving: false }));
  const servers = nodes.filter(({ role }) => role === 'server' || role === 'both').map(({ node }) => node);
  const workers = nodes.filter(mayWork).map(({ node }) => node);
  return { nodes, workers, map: { servers }, replicas: 1, sidelined: [], ...change };
}

const lost = (node: NodeId, unreached: NodeId, ...roles: ('worker' | 'server')[]) => ({
  ...{ node, unreached, worker: roles.includes('worker'), server: roles.includes('server') },
});

describe('who gives up what', () => {
  it('is nobody where those who are apart need not talk: two workers, or two servers', () => {
    const room = roomOf(['server', 'server', 'worker', 'worker']);
    expect(
      sideline(
        [
          [one, two],
          [three, four],
        ],
        room,
      ),
    ).toEqual([]);
  });

  it('is the worker of a worker and a server', () => {
    expect(sideline([[one, four]], roomOf(['server', 'server', 'worker', 'worker']))).toEqual([
      lost(four, one, 'worker'),
    ]);
  });

  it('is the server that several workers miss', () => {
    const room = roomOf(['server', 'server', 'worker', 'worker', 'worker']);
    expect(
      sideline(
        [
          [two, three],
          [two, four],
        ],
        room,
      ),
    ).toEqual([lost(two, three, 'server')]);
  });

  it('is one node, of two that both work and serve: the newer, wholly', () => {
    const room = roomOf(['both', 'both', 'both']);
    expect(sideline([[two, three]], room)).toEqual([lost(three, two, 'worker', 'server')]);
  });

  it('is the server where the worker is the only one', () => {
    expect(sideline([[two, three]], roomOf(['server', 'server', 'worker']))).toEqual([lost(two, three, 'server')]);
  });

  it('is the worker where the server is the only one, whoever misses it', () => {
    const room = roomOf(['server', 'worker', 'worker', 'worker']);
    expect(
      sideline(
        [
          [one, two],
          [one, three],
        ],
        room,
      ),
    ).toEqual([lost(two, one, 'worker'), lost(three, one, 'worker')]);
  });

  it('is not a server that no other could take over from', () => {
    const room = roomOf(['server', 'server', 'worker', 'worker', 'worker']);
    expect(
      sideline(
        [
          [one, two],
          [two, three],
          [two, four],
        ],
        room,
      ),
    ).toEqual([lost(three, two, 'worker'), lost(four, two, 'worker')]);
  });

  it('stays who it was while the same pair is apart', () => {
    const sidelined = [lost(two, three, 'worker', 'server')];
    expect(sideline([[two, three]], roomOf(['both', 'both', 'both'], { sidelined }))).toEqual(sidelined);
  });

  it('leaves no worker beside a server that it misses, where a free tab takes the server’s place', () => {
    const room = roomOf(['auto', 'auto', 'auto', 'auto', 'auto'], { map: { servers: [one, two, three, four] } });
    const conflicts = [
      [four, five],
      [four, three],
      [four, two],
    ] as const;
    const out = sideline(conflicts, room);
    expect(out).toEqual([lost(four, two, 'worker', 'server')]);
  });
});
