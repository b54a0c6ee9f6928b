// What a client sends again, and when it gives up.
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../protocol/frames.ts';
import { MAX_RESENDS } from '../protocol/limits.ts';
import { mapWith, places, pullsIn, pushesIn, S, sends, T, TABLES, TestClient } from './client-testing.ts';
import { epochOf, workerOf } from './testing.ts';

describe('what is not acknowledged or answered', () => {
  it('is sent when there is a map, and a link', () => {
    const client = new TestClient(TABLES, null, []);
    expect(client.pull()).toEqual([]);
    expect(client.push(0)).toEqual([]);
    expect(client.core.step({ kind: 'map', map: mapWith(1) })).toEqual([]);
    expect(places(client.core.step({ kind: 'link', node: T, isUp: true }))).toEqual(['0.1 to 9', '0.1 to 9']);
    expect(places(client.core.step({ kind: 'link', node: S, isUp: true }))).toHaveLength(4);
  });

  it('is not sent while the map is of another run', () => {
    const client = new TestClient(TABLES, { ...mapWith(1), run: 2 });
    expect([...client.pull(), ...client.push(0)]).toEqual([]);
    expect(places(client.core.step({ kind: 'map', map: mapWith(2) }))).toHaveLength(6);
  });

  it('is sent again under a newer map: to the new owners, under the new epoch, pushes in the order of their clocks', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    client.ack(0, 0, 0);
    client.pull();
    const effects = client.core.step({ kind: 'map', map: mapWith(2, [T, T, S]) });
    expect(pushesIn(effects).map(({ clock, table, segment }) => [clock, table, segment])).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
    ]);
    expect(pullsIn(effects).map(({ request }) => request)).toEqual([100, 101, 102]);
    for (const { frame } of sends(effects)) expect(frame.epoch).toEqual(epochOf(2));
    expect(places(effects).filter((place) => place.startsWith('0.0'))).toEqual(['0.0 to 9', '0.0 to 9']);
  });

  it('is not sent again under an old map, or the same', () => {
    const client = new TestClient();
    client.push(0);
    expect(client.core.step({ kind: 'map', map: mapWith(1) })).toEqual([]);
    expect(client.core.step({ kind: 'map', map: mapWith(0) })).toEqual([]);
    expect(client.core.epoch).toEqual(epochOf(1));
  });

  it('is sent again over a new link, to that node only', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    client.core.step({ kind: 'link', node: T, isUp: false });
    expect(places(client.push(2))).toEqual(['0.0 to 8', '1.0 to 8']);
    const effects = client.core.step({ kind: 'link', node: T, isUp: true });
    expect(pushesIn(effects).map(({ clock }) => clock)).toEqual([0, 1, 2]);
    expect(new Set(places(effects))).toEqual(new Set(['0.1 to 9']));
  });

  it('is sent again in order where a shard found a gap, to that segment only', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    expect(pushesIn(client.refuse('out-of-order', 1)).map(({ clock, segment }) => [clock, segment])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it("is sent again only so often at a shard's word while nothing is acknowledged", () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    const refuse = () => client.refuse('out-of-order', 1);
    for (let times = 0; times < MAX_RESENDS - 1; times++) expect(pushesIn(refuse())).toHaveLength(2);
    client.ack(0, 0, 0);
    for (let times = 0; times < MAX_RESENDS; times++) expect(pushesIn(refuse())).toHaveLength(1);
    expect(refuse()).toMatchObject([{ kind: 'rejected', from: S, refuse: { reason: 'out-of-order' } }]);
    client.core.step({ kind: 'map', map: mapWith(2) });
    expect(pushesIn(refuse())).toHaveLength(1);
  });

  it('goes again, with the pulls, to a shard that had no room for it before its map came', () => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    const effects = client.refuse('early', 0);
    expect(pushesIn(effects).map(({ table, segment }) => [table, segment])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(pullsIn(effects).map(({ request }) => request)).toEqual([100, 102]);
    for (let times = 1; times < MAX_RESENDS; times++) expect(client.refuse('early', 0)).toHaveLength(4);
    expect(client.refuse('early', 0)).toMatchObject([{ kind: 'rejected' }]);
  });

  it('waits for the newer map where a shard speaks of one', () => {
    const client = new TestClient();
    client.push(0);
    expect(client.refuse('stale-epoch', 0)).toEqual([]);
    expect(client.refuse('not-owner', 0)).toEqual([]);
    expect(client.core.unacknowledgedClocks).toBe(1);
  });

  it('is kept back while the map has no such worker: a shard would count it as a violation', () => {
    const client = new TestClient();
    client.push(0);
    const others = [workerOf(1, 5)];
    expect(pushesIn(client.core.step({ kind: 'map', map: { ...mapWith(2), workers: others } }))).toEqual([]);
    expect(pushesIn(client.core.step({ kind: 'map', map: mapWith(3) }))).toHaveLength(3);
  });

  it('is forgotten with its run', () => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    client.core.step({ kind: 'plan', run: 2, tables: TABLES });
    expect(client.core.step({ kind: 'map', map: { ...mapWith(2), run: 2 } })).toEqual([]);
    expect(client.core.unacknowledgedClocks).toBe(0);
  });
});

describe('a refusal that sending again will not help', () => {
  it.each<Refusal>(['not-a-worker', 'bad-keys', 'not-finite', 'too-many'])('is reported: %s', (reason) => {
    const client = new TestClient();
    client.push(0);
    expect(client.refuse(reason, 0)).toMatchObject([{ kind: 'rejected', from: S, refuse: { reason } }]);
  });

  it('is reported of a pull, too', () => {
    const client = new TestClient();
    client.pull();
    expect(client.refuse('bad-keys', 0, 100)).toMatchObject([{ kind: 'rejected' }]);
  });

  // A tab has two clients on the same links, and may have had a third: an earlier incarnation of its worker.
  it.each([
    ['an earlier incarnation', workerOf(1, 3)],
    ['a reader in the same tab', workerOf(1, 0)],
    ['another node', workerOf(2, 4)],
  ])('is not for a client when it was meant for %s', (_, worker) => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    expect(client.refuse('not-a-worker', 0, 0, worker)).toEqual([]);
    expect(client.refuse('bad-keys', 0, 100, worker)).toEqual([]);
    expect(client.refuse('out-of-order', 0, 0, worker)).toEqual([]);
    expect(client.refuse('not-a-worker', 0)).toHaveLength(1);
  });

  it('is not for a client that has sent no such thing', () => {
    expect(new TestClient().refuse('not-a-worker', 5)).toEqual([]);
    expect(new TestClient().refuse('bad-keys', 0, 12_345)).toEqual([]);
    const client = new TestClient();
    client.push(0);
    client.pull();
    expect(client.refuse('not-a-worker', 5)).toEqual([]);
    expect(client.refuse('bad-keys', 0, 12_345)).toEqual([]);
  });
});
