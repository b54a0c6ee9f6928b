// Who serves and who works, from which epoch on.
import { describe, expect, it } from 'vitest';
import type { RoleChoice } from '../protocol/control.ts';
import { compareEpochs, nodeId } from '../protocol/ids.ts';
import { PREPARE_TIMEOUT_MS } from './room-roles.ts';
import { workersOf } from './testing.ts';
import { leasedBlocks, TestRoom } from './testing-room.ts';

describe('training begins', () => {
  it('when every candidate is prepared', () => {
    const room = TestRoom.of('both', 'worker', 'watch');
    room.start();
    room.report(1);
    expect(room.state.phase).toBe('preparing');
    room.report(2);
    expect(room.state.phase).toBe('running');
    expect(workersOf(room.state)).toEqual([1, 2]);
  });

  it('with who is prepared when time is up', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(2);
    room.tick(PREPARE_TIMEOUT_MS - 1);
    expect(room.state.phase).toBe('preparing');
    room.tick(1);
    expect([room.state.phase, workersOf(room.state)]).toEqual(['running', [2]]);
  });

  it('with nobody never: it waits for the first', () => {
    const room = TestRoom.of('both');
    room.start();
    room.tick(2 * PREPARE_TIMEOUT_MS);
    expect(room.state.phase).toBe('preparing');
    room.report(1);
    expect(room.state.phase).toBe('running');
  });

  it('without who can not prepare and leaves', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(1);
    room.leave(2);
    room.tick();
    expect(room.state.phase).toBe('running');
  });

  it('not by reports of another run, nor of strangers', () => {
    const room = TestRoom.of('both');
    room.start();
    room.report(1, { run: 0 });
    room.report(1, { isPrepared: false });
    room.report(7);
    expect(room.state.phase).toBe('preparing');
  });

  it('with workers whose incarnation is the epoch that admits them', () => {
    const { map } = TestRoom.running(['both', 'worker']).state;
    expect(map.workers.map(({ incarnation }) => incarnation)).toEqual([map.epoch.counter, map.epoch.counter]);
  });
});

describe('a worker whose part has failed', () => {
  it('says so and is counted on no longer, neither for clocks nor for data', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.report(2, { problem: 'Nobody holds a block.' });
    expect(workersOf(room.state)).toEqual([1]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1]);
    room.report(2);
    expect(workersOf(room.state)).toEqual([1]);
  });

  it('before it was ready does not keep the others from starting', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(1);
    expect(room.state.phase).toBe('preparing');
    room.report(2, { isPrepared: false, problem: 'It does not compile here.' });
    expect([room.state.phase, workersOf(room.state)]).toEqual(['running', [1]]);
  });
});

describe('a node that a shard takes nothing from any more', () => {
  it('neither works nor serves until the next run, and everybody is told', () => {
    const room = TestRoom.running(['both', 'both', 'both']);
    expect(room.state.map.servers).toContain(3);
    room.report(1, { hostile: [nodeId(3)] });
    expect(room.state.shutOut).toEqual([3]);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1, 2]);
    expect(room.state.map.servers).not.toContain(3);
  });
});

describe('a tab that comes while others train, and may choose', () => {
  const serversAfter = (roles: RoleChoice[], act: (room: TestRoom) => void): readonly number[] => {
    const room = TestRoom.running(roles, { replicas: 1 });
    const newcomer = roles.length + 1;
    room.join(newcomer, 'auto');
    act(room);
    return room.state.map.servers;
  };

  it('takes its first step before it serves', () => {
    expect(serversAfter(['auto', 'auto'], () => undefined)).toEqual([1, 2]);
    expect(serversAfter(['auto', 'auto'], (room) => room.report(3))).toEqual([1, 2]);
    const stepped = (room: TestRoom) => {
      room.report(3);
      room.progress(3, 5);
    };
    expect(serversAfter(['auto', 'auto'], stepped)).toEqual([1, 2, 3]);
  });

  it('serves at once where it can not work, or where nobody else would serve', () => {
    const failed = (room: TestRoom) => room.report(3, { isPrepared: false, problem: 'It does not compile here.' });
    expect(serversAfter(['auto', 'auto'], failed)).toEqual([1, 2, 3]);
    const leaving = (room: TestRoom) => room.ask({ ask: 'leave' });
    expect(serversAfter(['auto', 'worker'], leaving)).toEqual([3]);
  });

  it('serves at once while nobody trains', () => {
    const room = TestRoom.running(['auto', 'auto'], { replicas: 1 });
    room.ask({ ask: 'pause' });
    room.join(3, 'auto');
    expect(room.state.map.servers).toEqual([1, 2, 3]);
  });
});

describe('a worker that joins in the middle', () => {
  it('gets a lease, prepares, and is then admitted under a new incarnation', () => {
    const room = TestRoom.running(['both', 'worker']);
    const before = room.state.map;
    room.join(3, 'worker');
    expect([workersOf(room.state), room.state.leases.length]).toEqual([[1, 2], 3]);
    expect(room.state.map.epoch).toEqual(before.epoch);
    room.report(3);
    const { map } = room.state;
    expect(map.workers.slice(0, 2)).toEqual(before.workers);
    expect(map.workers[2]).toEqual({ node: 3, incarnation: map.epoch.counter });
    expect(compareEpochs(map.epoch, before.epoch)).toBeGreaterThan(0);
  });

  it('again is another incarnation', () => {
    const room = TestRoom.running(['both', 'worker']);
    const first = room.state.map.workers[1]?.incarnation ?? 0;
    room.leave(2);
    room.join(2, 'worker');
    room.report(2);
    expect(room.state.map.workers[1]?.incarnation).toBeGreaterThan(first);
  });

  it('gets the curves so far', () => {
    const room = TestRoom.running(['both']);
    const effects = room.join(2, 'watch');
    expect(effects.map(({ to, message }) => [to, message.kind])).toEqual([
      [2, 'cluster'],
      [2, 'metrics'],
    ]);
    expect(effects[1]?.message).toMatchObject({ isHistory: true });
  });

  it('does not take the clock of the room back', () => {
    const room = TestRoom.running(['both']);
    room.progress(1, 50);
    const clockNow = () => room.tick().flatMap(({ message }) => (message.kind === 'metrics' ? [message.clock] : []));
    expect(clockNow()).toEqual([50]);
    room.join(2, 'worker');
    room.report(2);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(clockNow()).toEqual([50]);
  });
});

describe('a worker that goes', () => {
  it('leaves the map, and its blocks go to the others', () => {
    const room = TestRoom.running();
    const { epoch } = room.state.map;
    room.leave(3);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(compareEpochs(room.state.map.epoch, epoch)).toBeGreaterThan(0);
    expect(
      leasedBlocks(room.state)
        .flatMap(([, blocks]) => blocks)
        .toSorted(),
    ).toEqual([0, 1, 2, 3]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1, 2]);
    expect(room.state.phase).toBe('running');
  });

  it('by changing its role goes in the same way, and can come back', () => {
    const room = TestRoom.running();
    room.ask({ ask: 'role', role: 'watch' }, 3);
    expect(workersOf(room.state)).toEqual([1, 2]);
    room.ask({ ask: 'role', role: 'worker' }, 3);
    expect(workersOf(room.state)).toEqual([1, 2, 3]);
    expect(room.state.map.workers[2]?.incarnation).toBe(room.state.map.epoch.counter);
  });

  it('goes also where the only server wants to leave and nobody can take its place', () => {
    const room = TestRoom.running(['server', 'worker', 'worker']);
    room.ask({ ask: 'leave' }, 1);
    room.leave(3);
    expect(workersOf(room.state)).toEqual([2]);
    expect(room.owners).toEqual([1]);
  });

  it('that held data is no holder any more', () => {
    const room = TestRoom.running();
    room.report(2, { holdsAllBlocks: true });
    expect(room.state.holders).toEqual([2]);
    room.leave(2);
    expect(room.state.holders).toEqual([]);
  });
});

describe('a server', () => {
  const twoServers: RoleChoice[] = ['worker', 'server', 'server'];

  it('whose segments have a replica can be lost: the replica is the owner at once', () => {
    const room = TestRoom.running(twoServers, { replicas: 1 });
    const [owner] = room.owners;
    room.leave(owner ?? 0);
    expect(room.owners).toEqual([owner === 2 ? 3 : 2]);
    expect(room.state.phase).toBe('running');
  });

  describe('whose replica has not been heard of lately', () => {
    function halfSilent() {
      const room = TestRoom.running(twoServers, { replicas: 1 });
      const [owner = 0, replica = 0] = room.state.map.placements[0]?.chain ?? [];
      for (let index = 0; index < 8; index++) {
        room.tick();
        room.report(owner);
      }
      room.leave(owner);
      return { room, owner, replica };
    }

    it('stays in the chain until the replica shows that it lives', () => {
      const { room, owner, replica } = halfSilent();
      expect(room.state.map.placements[0]?.chain).toEqual([owner, replica]);
      room.tick();
      expect(room.state.map.placements[0]?.chain).toEqual([owner, replica]);
      room.report(replica);
      expect(room.state.map.placements[0]?.chain).toEqual([replica]);
    });

    it('so a copy that was only cut off is still good when the replica turns out to be dead', () => {
      const { room, owner, replica } = halfSilent();
      room.leave(replica);
      expect(room.state.phase).toBe('failed');
      room.join(owner, 'server');
      expect(room.state).toMatchObject({ phase: 'running', map: { placements: [{ chain: [owner] }] } });
    });
  });

  it('with the last copy takes the run with it, and the message says so', () => {
    const room = TestRoom.running(twoServers);
    room.leave(room.owners[0] ?? 0);
    expect(room.state.phase).toBe('failed');
    expect(room.state.message).toMatch(/lost.*node [23] \(tab [23]\) was closed/);
  });

  it('that was only cut off with the last copy brings the run back', () => {
    const room = TestRoom.running(twoServers);
    const owner = room.owners[0] ?? 0;
    room.leave(owner);
    room.join(owner, 'server');
    expect(room.state).toMatchObject({ phase: 'running', message: null });
    expect(room.owners).toEqual([owner]);
  });

  it('without the last copy of anything is not missed', () => {
    const room = TestRoom.running(twoServers);
    room.leave(room.owners[0] === 2 ? 3 : 2);
    expect(room.state.phase).toBe('running');
  });

  it('that asks to leave hands its segments over, step by step, and is then in no map', () => {
    const room = TestRoom.running(twoServers);
    const old = room.owners[0] ?? 0;
    const next = old === 2 ? 3 : 2;
    room.ask({ ask: 'leave' }, old);
    expect(room.state.map.placements).toEqual([{ chain: [old], learners: [next] }]);
    room.settleAll();
    expect(room.state.map.placements).toEqual([{ chain: [old, next], learners: [] }]);
    room.settleAll();
    expect(room.state.map.placements).toEqual([{ chain: [next], learners: [] }]);
    room.leave(old);
    expect(room.state.phase).toBe('running');
  });

  it('moves a segment only on word of this epoch', () => {
    const room = TestRoom.running(twoServers);
    const old = room.owners[0] ?? 0;
    const { epoch } = room.state.map;
    room.ask({ ask: 'leave' }, old);
    room.report(old, { epoch, settled: [0] });
    expect(room.state.map.placements[0]?.learners).toHaveLength(1);
  });

  it('that comes gets its share, in the background', () => {
    const tables = [{ name: 'w', keys: 200_000, width: 1, init: { kind: 'zeros' as const }, shape: [200_000] }];
    const room = TestRoom.running(['worker', 'server'], { tables });
    room.join(3, 'server');
    expect(new Set(room.owners)).toEqual(new Set([2]));
    expect(room.state.map.placements.some(({ learners }) => learners.includes(nodeId(3)))).toBe(true);
    room.settleAll();
    room.settleAll();
    expect(new Set(room.owners)).toEqual(new Set([2, 3]));
    expect(room.state.map.placements.every(({ chain, learners }) => chain.length === 1 && learners.length === 0)).toBe(
      true,
    );
  });

  it('moves nothing while signaling is down: another may have been elected', () => {
    const room = TestRoom.running(twoServers, { replicas: 1 });
    const { map } = room.state;
    room.step({ kind: 'signaling', isUp: false });
    room.leave(room.owners[0] ?? 0);
    expect(room.state.map).toEqual(map);
    room.step({ kind: 'signaling', isUp: true });
    expect(room.state.map.placements[0]?.chain).toHaveLength(1);
  });
});
