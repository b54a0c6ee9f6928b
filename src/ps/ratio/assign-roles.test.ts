import { describe, expect, test } from 'vitest';
import { nodeId } from '../../protocol/ids.ts';
import type { Ratio } from '../../protocol/ratio.ts';
import { assignRoles, fitRatio } from './assign-roles.ts';

const TABS = [1, 2, 3, 4].map(nodeId);

const rolesOf = (wanted: Ratio, workers: number[], servers: number[]): string[] =>
  assignRoles(TABS, wanted, { workers: workers.map(nodeId), servers: servers.map(nodeId) }).map(({ role }) => role);

describe('a ratio becomes roles', () => {
  test('so many work and so many serve, the overlap does both', () => {
    for (let servers = 1; servers <= 4; servers++) {
      for (let workers = Math.max(1, 4 - servers); workers <= 4; workers++) {
        const roles = rolesOf({ workers, servers }, [1, 2, 3, 4], [1]);
        expect(roles.filter((role) => role !== 'server')).toHaveLength(workers);
        expect(roles.filter((role) => role !== 'worker')).toHaveLength(servers);
      }
    }
  });

  test('who serves goes on serving', () => {
    expect(rolesOf({ workers: 4, servers: 2 }, [1, 2, 3, 4], [3])).toEqual(['both', 'worker', 'both', 'worker']);
  });

  test('who only serves goes on doing that', () => {
    expect(rolesOf({ workers: 3, servers: 2 }, [1, 2, 3], [2, 4])).toEqual(['worker', 'both', 'worker', 'server']);
  });
});

test('a ratio that leaves tabs idle, or wants more than there are, is the nearest that does not', () => {
  expect(fitRatio({ workers: 1, servers: 1 }, 4)).toEqual({ workers: 3, servers: 1 });
  expect(fitRatio({ workers: 9, servers: 9 }, 4)).toEqual({ workers: 4, servers: 4 });
  expect(fitRatio({ workers: 1, servers: 4 }, 4)).toEqual({ workers: 1, servers: 4 });
});
