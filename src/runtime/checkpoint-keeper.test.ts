// Tabs keep what their shards cut, fetch the rest from each other, and hand it all back when a run goes on from there. Exchanges
// are joined directly; files are in memory.
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeCheckpoint } from '../data/checkpoint-file.ts';
import { decodeSafetensors } from '../data/safetensors.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import type { Cut, Restore } from '../protocol/frames.ts';
import { NO_EPOCH, type NodeId, nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { runPlanOf, tableOf, workerOf } from '../ps/testing.ts';
import { BlockExchange } from './block-exchange.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { checkpointName, MemoryCheckpointStore, StorageFull } from './checkpoint-store.ts';

const [A, B] = [nodeId(1), nodeId(2)];
const HISTORY = { seconds: 3, loss: [], accuracy: [] };
const tables = [
  { ...tableOf(4, 1, undefined, 'w'), shape: [2, 2] },
  { ...tableOf(2, 1, undefined, 'b'), shape: [2] },
];
const plan = runPlanOf({ run: 1, tables, updater: { kind: 'momentum', beta: 0.9, nesterov: false }, startedAt: 100 });

/** A segment of one of the two tables (one each), as its shard would cut it. */
const cutOf = (table: 0 | 1, clock = 9, change: Partial<Cut> = {}): Cut => ({
  ...{ kind: 'cut', epoch: { term: 3, counter: 4 }, stamp: { term: 1, counter: 1 }, run: 1, clock, table, segment: 0 },
  ...{ version: clock + 1, floor: clock, pushes: [], scalars: new Float64Array(0) },
  clocks: [{ worker: workerOf(1), clock }],
  values: Float32Array.from({ length: table === 0 ? 4 : 2 }, (_, at) => clock + at / 8),
  slots: [Float32Array.from({ length: table === 0 ? 4 : 2 }, (_, at) => -clock - at)],
  ...change,
});

/** A store that can be full, or give back something else than was written. */
class TestStore extends MemoryCheckpointStore {
  isFull = false;
  isRotten = false;

  override async write(name: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull) throw new StorageFull('no room');
    await super.write(name, this.isRotten ? bytes.with(bytes.length - 1, 99) : bytes);
  }
}

/** Two tabs whose exchanges answer each other at once. */
class Tab {
  readonly restored: Cut[] = [];
  readonly exchange: BlockExchange;
  readonly keeper: CheckpointKeeper;

  constructor(
    readonly self: NodeId,
    private readonly tabs: Map<NodeId, Tab>,
    readonly store = new TestStore(),
  ) {
    tabs.set(self, this);
    this.exchange = new BlockExchange(
      (to, frame) => {
        if (frame.kind === 'blockRequest' || frame.kind === 'blockAnswer') {
          queueMicrotask(() => this.tabs.get(to)?.exchange.receive(self, frame));
        }
        return 1;
      },
      () => [...this.tabs.keys()].filter((node) => node !== self),
    );
    const open = async () => ({ store: this.store, reason: 'only a test' });
    this.keeper = new CheckpointKeeper(this.exchange, (cut) => this.restored.push(cut), open);
    this.keeper.self = self;
  }
}

const clusterOf = (checkpoint: ClusterState['checkpoint'], change: Partial<RunPlan> = {}): ClusterState => ({
  ...emptyCluster(A, 1),
  plan: { ...plan, ...change },
  schedule: [{ fromClock: 0, consistency: { kind: 'bsp' }, learningRate: 0.1 }],
  checkpoint,
});

describe('two tabs', () => {
  let tabs = new Map<NodeId, Tab>();
  let [a, b]: Tab[] = [];
  beforeEach(() => {
    tabs = new Map();
    [a, b] = [new Tab(A, tabs), new Tab(B, tabs)];
  });

  /** Both cut their segment, report, and hear that the checkpoint is complete. */
  function cutAll(clock = 9): ClusterState {
    if (a === undefined || b === undefined) throw new Error('two tabs');
    const wanted = clusterOf({ cutAt: clock, newest: null });
    const parts = [a, b].map(({ keeper }, table) => {
      keeper.setCluster(wanted);
      keeper.takeCut(cutOf(table === 0 ? 0 : 1, clock));
      return keeper.report()?.part ?? 'nothing';
    });
    const complete = clusterOf({ cutAt: null, newest: { clock, parts } });
    for (const { keeper } of [a, b]) keeper.setCluster(complete);
    return complete;
  }

  it('each report what they have of the cut that is wanted', () => {
    a?.keeper.setCluster(clusterOf({ cutAt: 9, newest: null }));
    expect(a?.keeper.report()).toBeNull();
    a?.keeper.takeCut(cutOf(0));
    expect(a?.keeper.report()).toMatchObject({ clock: 9, segments: [0], isExact: true });
    a?.keeper.takeCut(cutOf(1, 9, { clocks: [{ worker: workerOf(1), clock: 10 }] }));
    expect(a?.keeper.report()).toMatchObject({ clock: 9, segments: [0, 1], isExact: false });
    a?.keeper.setCluster(clusterOf({ cutAt: 19, newest: null }));
    expect(a?.keeper.report()).toBeNull();
  });

  it('both keep all of it, whoever cut it', async () => {
    cutAll();
    for (const tab of [a, b]) {
      const kept = await tab?.keeper.save(HISTORY, 5_000);
      expect(kept).toMatchObject({ info: { clock: 9, savedAt: 5_000 }, isLasting: false, reason: 'only a test' });
      const { info, tables: found } = decodeCheckpoint((await tab?.keeper.file())?.bytes ?? new Uint8Array(0));
      expect(found).toEqual(
        [0, 1].map((table) => {
          const { values, slots } = cutOf(table === 0 ? 0 : 1);
          return { values, slots };
        }),
      );
      expect(info.segments).toEqual([0, 1].map(() => ({ version: 10, floor: 9, ahead: [], scalars: [] })));
    }
  });

  it('keep the next one, and only then drop the one before', async () => {
    cutAll(9);
    await a?.keeper.save(HISTORY, 1);
    cutAll(19);
    await a?.keeper.save(HISTORY, 2);
    expect(await a?.store.names()).toEqual([checkpointName(100, 19)]);
  });

  it('keep the one before when the storage is full, or damages what it is given', async () => {
    cutAll(9);
    await a?.keeper.save(HISTORY, 1);
    cutAll(19);
    if (a !== undefined) a.store.isFull = true;
    await expect(a?.keeper.save(HISTORY, 2)).rejects.toThrow(/step 20 could not be kept: no room/);
    if (a !== undefined) Object.assign(a.store, { isFull: false, isRotten: true });
    await expect(a?.keeper.save(HISTORY, 2)).rejects.toThrow(/step 20 could not be kept: What was read back/);
    expect((await a?.keeper.newest())?.info.clock).toBe(9);
  });

  it('pass over a file that was damaged later', async () => {
    cutAll(9);
    await a?.keeper.save(HISTORY, 1);
    await a?.store.write(checkpointName(100, 29), Uint8Array.of(1, 2, 3));
    expect((await a?.keeper.newest())?.info.clock).toBe(9);
  });

  it('that share a browser keep it once', async () => {
    if (a === undefined) throw new Error('a tab');
    const store = a.store;
    b = new Tab(B, tabs, store);
    cutAll();
    await a.keeper.save(HISTORY, 1);
    store.isFull = true;
    expect((await b.keeper.save(HISTORY, 2))?.info.clock).toBe(9);
  });

  it('go on from it: each shard gets the segment that it asks for', async () => {
    cutAll();
    await a?.keeper.save(HISTORY, 1);
    const { parts = [], info } = (await a?.keeper.openCheckpoint(null)) ?? {};
    const from = { clock: 9, parts, schedule: info?.schedule ?? [] };
    const restore: Restore = { kind: 'restore', epoch: NO_EPOCH, run: 2, table: 1, segment: 0 };
    // The shard hears of the run before its trainer does.
    b?.keeper.takeRestore(restore);
    b?.keeper.setCluster(clusterOf({ cutAt: null, newest: null }, { run: 2, from }));
    await expect.poll(() => b?.restored.length).toBe(1);
    const { values, slots } = cutOf(1);
    expect(b?.restored[0]).toMatchObject({ run: 2, clock: 9, table: 1, version: 10, values, slots });
    expect(b?.keeper.problem).toBeNull();
  });

  it('go on from the file in a tab that never saw the run', async () => {
    cutAll();
    await a?.keeper.save(HISTORY, 1);
    const bytes = (await a?.keeper.file())?.bytes ?? new Uint8Array(0);
    const stranger = new Tab(nodeId(7), new Map());
    const opened = await stranger.keeper.openCheckpoint(new File([bytes.slice()], 'mine.safetensors'));
    expect(opened.info).toMatchObject({ clock: 9, plan: { job: plan.job, startedAt: 100 } });
    expect(opened.parts).toHaveLength(1);
  });

  it('say what is wrong with a file, by its name', async () => {
    cutAll();
    await a?.keeper.save(HISTORY, 1);
    const bytes = (await a?.keeper.file())?.bytes ?? new Uint8Array(0);
    const open = (content: Uint8Array) => a?.keeper.openCheckpoint(new File([content.slice()], 'mine.safetensors'));
    await expect(open(bytes.with(bytes.length - 1, 1))).rejects.toThrow(/^mine\.safetensors is damaged/);
    await expect(open(bytes.subarray(0, 100))).rejects.toThrow(/^mine\.safetensors is damaged/);
    expect(decodeSafetensors(bytes).tensors).toHaveLength(4);
  });

  it('say which files are needed where the data are gone', async () => {
    const source = { kind: 'blocks', manifest: 'ab'.repeat(32) } as const;
    const complete = cutAll();
    const data = { ...plan.data, name: 'a9a', source };
    a?.keeper.setCluster({ ...complete, plan: { ...plan, data } });
    await a?.keeper.save(HISTORY, 1);
    await expect(a?.keeper.openCheckpoint(null)).rejects.toThrow(/files \(“a9a”\) that no tab here has any more/);
  });
});
