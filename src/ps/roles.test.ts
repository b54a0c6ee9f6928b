import { describe, expect, it } from 'vitest';
import { type RoleChoice, roleChoices } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { chooseServers, mayWork, type RoleHolder } from './roles.ts';

const holder = (node: number, role: RoleChoice, isLeaving = false): RoleHolder => ({
  node: nodeId(node),
  role,
  isLeaving,
});
/** With replicas, unless the test says otherwise. */
const servers = (nodes: RoleHolder[], current: number[] = [], replicas = 1) =>
  chooseServers(nodes, current.map(nodeId), replicas);
const autos = (...nodes: number[]) => nodes.map((node) => holder(node, 'auto'));

describe('who works', () => {
  it('is who may, unless it leaves', () => {
    expect(roleChoices.filter((role) => mayWork(holder(1, role)))).toEqual(['auto', 'worker', 'both']);
    expect(roleChoices.filter((role) => mayWork(holder(1, role, true)))).toEqual([]);
  });
});

describe('who serves', () => {
  it('is who was told to, oldest first, however many', () => {
    const nodes = [holder(1, 'auto'), holder(4, 'server'), holder(2, 'both'), holder(3, 'worker'), holder(5, 'watch')];
    expect(servers(nodes)).toEqual([2, 4]);
    expect(servers([1, 2, 3, 4, 5, 6].map((node) => holder(node, 'server')))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is the oldest four that may, where nobody was told to', () => {
    expect(servers([holder(1, 'watch'), ...autos(2, 3)])).toEqual([2, 3]);
    expect(servers(autos(1, 2, 3, 4, 5, 6))).toEqual([1, 2, 3, 4]);
  });

  it('is only one without replicas: every other would be one more tab that must not be closed', () => {
    expect(servers(autos(2, 3, 4), [], 0)).toEqual([2]);
    expect(servers([holder(2, 'both'), holder(3, 'both')], [], 0)).toEqual([2, 3]);
  });

  it('stays who it is while it may: parameters move only for a reason', () => {
    expect(servers(autos(2, 3), [3], 0)).toEqual([3]);
    expect(servers([holder(2, 'auto'), holder(3, 'worker')], [3], 0)).toEqual([2]);
    expect(servers(autos(1, 2, 3, 4, 5, 6), [3, 4, 5, 6])).toEqual([3, 4, 5, 6]);
    expect(servers(autos(1, 2, 3, 4, 5, 6), [5, 6])).toEqual([1, 2, 5, 6]);
  });

  it('is not who leaves', () => {
    expect(servers([holder(2, 'both', true), holder(3, 'auto')], [2])).toEqual([3]);
    expect(servers([holder(2, 'auto', true), holder(3, 'auto', true)], [2])).toEqual([]);
  });

  it('is nobody where nobody may', () => {
    expect(servers([holder(1, 'worker'), holder(2, 'watch')])).toEqual([]);
    expect(servers([])).toEqual([]);
  });
});
