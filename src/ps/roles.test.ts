import { describe, expect, it } from 'vitest';
import { type RoleChoice, roleChoices } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { chooseServers, mayWork, type RoleHolder } from './roles.ts';

const holder = (node: number, role: RoleChoice, isLeaving = false): RoleHolder => ({
  node: nodeId(node),
  role,
  isLeaving,
});
const servers = (nodes: RoleHolder[], ...current: number[]) => chooseServers(nodes, current.map(nodeId));

describe('who works', () => {
  it('is who may, unless it leaves', () => {
    expect(roleChoices.filter((role) => mayWork(holder(1, role)))).toEqual(['auto', 'worker', 'both']);
    expect(roleChoices.filter((role) => mayWork(holder(1, role, true)))).toEqual([]);
  });
});

describe('who serves', () => {
  it('is who was told to, oldest first', () => {
    const nodes = [holder(1, 'auto'), holder(4, 'server'), holder(2, 'both'), holder(3, 'worker'), holder(5, 'watch')];
    expect(servers(nodes)).toEqual([2, 4]);
  });

  it('is one that may, the oldest, where nobody was told to', () => {
    expect(servers([holder(1, 'watch'), holder(2, 'auto'), holder(3, 'auto')])).toEqual([2]);
  });

  it('stays who it is while it may: parameters move only for a reason', () => {
    expect(servers([holder(2, 'auto'), holder(3, 'auto')], 3)).toEqual([3]);
    expect(servers([holder(2, 'auto'), holder(3, 'worker')], 3)).toEqual([2]);
  });

  it('is not who leaves', () => {
    expect(servers([holder(2, 'both', true), holder(3, 'auto')], 2)).toEqual([3]);
    expect(servers([holder(2, 'auto', true), holder(3, 'auto', true)], 2)).toEqual([]);
  });

  it('is nobody where nobody may', () => {
    expect(servers([holder(1, 'worker'), holder(2, 'watch')])).toEqual([]);
    expect(servers([])).toEqual([]);
  });
});
