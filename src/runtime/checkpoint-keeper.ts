// Checkpoints in one tab's trainer worker: keeps what the tab's own shard has cut, tells the scheduler, puts complete ones
// together into the browser's storage, and hands segments back to the shard when a run goes on from one.
import { hashBlock } from '../data/blocks.ts';
import {
  type Checkpoint,
  type CheckpointInfo,
  decodeCheckpoint,
  encodeCheckpoint,
  NotACheckpoint,
} from '../data/checkpoint-file.ts';
import { decodePart, encodePart, type PartEntry } from '../data/checkpoint-part.ts';
import { MalformedBytes } from '../protocol/bytes.ts';
import type { ClusterState, Report, RunHistory, RunPlan } from '../protocol/control.ts';
import type { Cut, Restore } from '../protocol/frames.ts';
import { segmentKey } from '../protocol/ids.ts';
import { cutSegments } from '../ps/table.ts';
import type { BlockExchange } from './block-exchange.ts';
import { decodeCut, encodeCut, joinCuts, splitCheckpoint } from './checkpoint-blocks.ts';
import { type CheckpointStore, checkpointName, openCheckpointStore } from './checkpoint-store.ts';

/** Up to this size every tab keeps whole checkpoints; larger ones only tabs that serve: a phone need not hold them. */
export const KEPT_BY_ALL_BYTES = 64 * 1024 * 1024;

/** Over this no tab could put one together in memory. */
export const MAX_CHECKPOINT_BYTES = 1024 * 1024 * 1024;

/** A checkpoint that can't be used, or be kept: the message says why. */
export class CheckpointFailure extends Error {
  override name = 'CheckpointFailure';
}

/** A checkpoint as its browser keeps it. */
export interface KeptCheckpoint {
  readonly info: Omit<CheckpointInfo, 'segments'>;
  readonly bytes: number;
  /** In the browser's storage, or else in this tab's memory for the reason given. */
  readonly isLasting: boolean;
  readonly reason: string | null;
}

/** What a run can be started from: its blocks are held here, for everybody. */
export interface OpenedCheckpoint {
  readonly info: Omit<CheckpointInfo, 'segments'>;
  readonly parts: string[];
}

/** What this tab's shard has cut at one clock of one run. */
interface OwnCut {
  readonly run: number;
  readonly clock: number;
  readonly entries: Map<number, PartEntry>;
  isExact: boolean;
  /** The block that lists the entries; null where some have come since. */
  part: string | null;
  /** Everything held for it. */
  readonly held: string[];
}

export class CheckpointKeeper {
  /** Why this tab's shard can't get what it goes on from; null while it can. */
  problem: string | null = null;
  /** This tab's node. */
  self: number | null = null;
  private cluster: ClusterState | null = null;
  private own: OwnCut | null = null;
  /** Blocks of the cut before: others may still fetch them. */
  private past: readonly string[] = [];
  /** Blocks of a checkpoint that was opened here, for shards to go on from. */
  private opened: string[] = [];
  private store: Promise<{ store: CheckpointStore; reason: string | null }> | null = null;
  /** Segments that the shard waits for, until the cluster state that tells where they are has come. */
  private waiting: Restore[] = [];
  private sources: { readonly run: number; readonly entries: Promise<ReadonlyMap<number, string>> } | null = null;

  /** @param toShard hands a frame to the shard of this tab */
  constructor(
    private readonly exchange: BlockExchange,
    private readonly toShard: (frame: Cut) => void,
    private readonly open: typeof openCheckpointStore = openCheckpointStore,
  ) {}

  /** Names the room whose checkpoints are kept; a key of the file system, so no other's. */
  openRoom(key: string): void {
    this.store = this.open(key);
  }

  setCluster(cluster: ClusterState): void {
    if (cluster.plan?.run !== this.cluster?.plan?.run) this.problem = null;
    this.cluster = cluster;
    const waiting = this.waiting;
    this.waiting = [];
    for (const restore of waiting) this.takeRestore(restore);
  }

  /** The shard of this tab has cut a segment. */
  takeCut(cut: Cut): void {
    const { run, clock, table, segment } = cut;
    if (this.own?.run !== run || this.own.clock !== clock) this.beginCut(run, clock);
    const { own } = this;
    if (own === null) return;
    const hash = this.hold(encodeCut(cut), own.held);
    own.entries.set(segmentKey(table, segment), { table, segment, hash });
    own.isExact &&= cut.floor === clock && cut.clocks.every((entry) => entry.clock === clock);
    own.part = null;
  }

  /** A new clock: the cut before stays for those who still fetch it, older ones go. */
  private beginCut(run: number, clock: number): void {
    this.exchange.release(this.past);
    this.past = this.own?.held ?? [];
    this.own = { run, clock, entries: new Map(), isExact: true, part: null, held: [] };
  }

  /** What this tab has of the cut that is under way. */
  report(): Report['cut'] {
    const { own, cluster } = this;
    if (own === null || cluster?.plan == null || own.run !== cluster.plan.run) return null;
    if (own.clock !== cluster.checkpoint.cutAt) return null;
    const ranges = cutSegments(cluster.plan.tables);
    const segments = ranges.flatMap(({ table, segment }, index) =>
      own.entries.has(segmentKey(table, segment)) ? index : [],
    );
    own.part ??= this.hold(encodePart([...own.entries.values()]), own.held);
    return { clock: own.clock, part: own.part, segments, isExact: own.isExact };
  }

  /** The shard of this tab goes on from a checkpoint: finds the segment that it asks for. */
  takeRestore(restore: Restore): void {
    const { plan } = this.cluster ?? {};
    if (plan == null || plan.run < restore.run) this.waiting.push(restore);
    else if (plan.run === restore.run && plan.from !== null) {
      this.restore(restore, plan.from).catch((error: unknown) => {
        this.problem = `The checkpoint can't be loaded: ${messageOf(error)}`;
      });
    }
  }

  private async restore({ run, table, segment }: Restore, from: NonNullable<RunPlan['from']>): Promise<void> {
    if (this.sources?.run !== run) this.sources = { run, entries: this.readParts(from.parts) };
    const hash = (await this.sources.entries).get(segmentKey(table, segment));
    if (hash === undefined) throw new CheckpointFailure(`It lacks segment ${segment} of table ${table}.`);
    const cut = decodeCut(await this.exchange.get(hash));
    if (cut.table !== table || cut.segment !== segment || cut.clock !== from.clock) {
      throw new CheckpointFailure(`Its segment ${segment} of table ${table} is another one.`);
    }
    this.toShard({ ...cut, run });
  }

  /** Hashes of the segments that parts list, by `segmentKey`. */
  private async readParts(parts: readonly string[]): Promise<ReadonlyMap<number, string>> {
    const lists = await Promise.all(parts.map(async (part) => decodePart(await this.exchange.get(part))));
    return new Map(lists.flat().map(({ table, segment, hash }) => [segmentKey(table, segment), hash]));
  }

  /**
   * Keeps the newest complete checkpoint in this browser: written, read back, and only then the one before removed.
   * @returns null where there is none, or this tab need not keep it
   * @throws CheckpointFailure with a sentence for the user; the checkpoint before is still there then
   */
  async save(history: RunHistory, savedAt: number): Promise<KeptCheckpoint | null> {
    const { cluster } = this;
    const newest = cluster?.checkpoint.newest ?? null;
    if (cluster?.plan == null || newest === null || !this.mustKeep(cluster)) return null;
    const { plan, schedule, map } = cluster;
    const { clock, parts } = newest;
    const info = {
      ...({ version: 1, plan, schedule, clock, savedAt, workers: map.workers.length } as const),
      history: historyUntil(history, clock),
    };
    const { store, reason } = await this.openedStore();
    try {
      const bytes = await store.exclusively(() => this.keep(store, info, parts));
      // The run is past what it went on from: every copy has it.
      this.exchange.release(this.opened);
      this.opened = [];
      return { info, bytes, isLasting: store.isLasting, reason };
    } catch (error) {
      throw new CheckpointFailure(`The checkpoint of step ${clock + 1} could not be kept: ${messageOf(error)}`);
    }
  }

  /** @returns the file's size */
  private async keep(store: CheckpointStore, info: KeptCheckpoint['info'], parts: readonly string[]): Promise<number> {
    const name = checkpointName(info.plan.startedAt, info.clock);
    const [newest = ''] = await store.names();
    // Another tab of this browser has kept it, or a later one, already.
    const known = newest >= name ? await store.read(newest) : null;
    if (known !== null && isWhole(known)) return known.byteLength;
    const bytes = encodeCheckpoint(joinCuts(info, await this.fetchCuts(parts)));
    await store.write(name, bytes);
    const written = await store.read(name);
    if (written === null || !isSame(written, bytes)) {
      await store.remove(name);
      throw new CheckpointFailure('What was read back is not what was written.');
    }
    for (const old of await store.names()) if (old < name) await store.remove(old);
    return bytes.byteLength;
  }

  private async fetchCuts(parts: readonly string[]): Promise<ReadonlyMap<number, Cut>> {
    const entries = await this.readParts(parts);
    const cuts = await Promise.all(
      [...entries].map(async ([key, hash]) => [key, decodeCut(await this.exchange.get(hash)), hash] as const),
    );
    // Only their owners serve them: here they would be held twice.
    const own = new Set([...this.past, ...(this.own?.held ?? [])]);
    const fetched = [...parts, ...cuts.map(([, , hash]) => hash)];
    this.exchange.release(fetched.filter((hash) => !own.has(hash)));
    return new Map(cuts.map(([key, cut]) => [key, cut]));
  }

  /** Every tab keeps small ones; large ones those who serve. @throws CheckpointFailure over any size that can be held */
  private mustKeep({ plan, map }: ClusterState): boolean {
    const floats = plan?.tables.reduce((sum, { keys, width }) => sum + keys * width, 0) ?? 0;
    // Adam's state, the largest but FTRL's, is twice the parameters.
    const bytes = floats * 4 * 3;
    if (bytes > MAX_CHECKPOINT_BYTES) {
      throw new CheckpointFailure('The model is too large for checkpoints: download its parameters instead.');
    }
    return bytes <= KEPT_BY_ALL_BYTES || this.self === null || map.servers.some((node) => node === this.self);
  }

  /** The newest checkpoint of this room that is whole; null where there is none. */
  async newest(): Promise<KeptCheckpoint | null> {
    const { store, reason } = await this.openedStore();
    const found = await this.readNewest();
    if (found === null) return null;
    const { segments: _, ...info } = decodeCheckpoint(found).info;
    return { info, bytes: found.byteLength, isLasting: store.isLasting, reason };
  }

  /** Its file. @throws CheckpointFailure where there is none */
  async file(): Promise<{ step: number; bytes: Uint8Array }> {
    const bytes = await this.readNewest();
    if (bytes === null) throw new CheckpointFailure('There is no checkpoint of this room yet.');
    return { step: decodeCheckpoint(bytes).info.clock + 1, bytes };
  }

  /** Damaged ones are passed over: the one before is whole, or nothing is. */
  private async readNewest(): Promise<Uint8Array | null> {
    const { store } = await this.openedStore();
    for (const name of await store.names()) {
      const bytes = await store.read(name);
      if (bytes !== null && isWhole(bytes)) return bytes;
    }
    return null;
  }

  /**
   * Makes a checkpoint ready to go on from: its blocks are held here for every tab's shard.
   * @param file of the user's; null for the newest of this room
   * @throws CheckpointFailure with a sentence for the user
   */
  async openCheckpoint(file: File | null): Promise<OpenedCheckpoint> {
    const bytes = file === null ? (await this.file()).bytes : new Uint8Array(await file.arrayBuffer());
    const checkpoint = decodeFile(bytes, file?.name ?? 'The checkpoint');
    const { segments: _, ...info } = checkpoint.info;
    await this.checkData(info.plan);
    return { info, parts: this.holdCuts(splitFile(checkpoint, file?.name ?? 'The checkpoint')) };
  }

  /** Holds the state that a run is to begin with, for every tab's shard. @returns the parts that list it */
  holdCuts(cuts: readonly Cut[]): string[] {
    this.exchange.release(this.opened);
    this.opened = [];
    const entries = cuts.map((cut) => {
      return { table: cut.table, segment: cut.segment, hash: this.hold(encodeCut(cut), this.opened) };
    });
    return [this.hold(encodePart(entries), this.opened)];
  }

  /** Generated data come back from their seed; files must be there. */
  private async checkData({ data }: RunPlan): Promise<void> {
    if (data.source.kind !== 'blocks' || (await this.exchange.findData(data.source.manifest))) return;
    throw new CheckpointFailure(
      `It was trained on files (“${data.name}”) that no tab here has any more. Drop the same files first, then resume.`,
    );
  }

  private hold(bytes: Uint8Array, held: string[]): string {
    const hash = hashBlock(bytes);
    this.exchange.hold(hash, bytes);
    held.push(hash);
    return hash;
  }

  private openedStore(): Promise<{ store: CheckpointStore; reason: string | null }> {
    this.store ??= this.open('room');
    return this.store;
  }
}

function decodeFile(bytes: Uint8Array, name: string): Checkpoint {
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    if (error instanceof NotACheckpoint) throw new CheckpointFailure(`${name}: ${error.message}`);
    if (error instanceof MalformedBytes) throw damaged(name, error);
    throw error;
  }
}

function splitFile(checkpoint: Checkpoint, name: string): Cut[] {
  try {
    return splitCheckpoint(checkpoint);
  } catch (error) {
    if (error instanceof MalformedBytes) throw damaged(name, error);
    throw error;
  }
}

const damaged = (name: string, error: MalformedBytes): CheckpointFailure =>
  new CheckpointFailure(`${name} is damaged (${error.message}). Nothing was changed.`);

function isWhole(bytes: Uint8Array): boolean {
  try {
    decodeCheckpoint(bytes);
    return true;
  } catch (error) {
    if (error instanceof MalformedBytes || error instanceof NotACheckpoint) return false;
    throw error;
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

/** Curves as they were at a clock. */
function historyUntil({ seconds, loss, accuracy }: RunHistory, clock: number): RunHistory {
  const until = (curve: RunHistory['loss']) => curve.filter(([at]) => at <= clock);
  return { seconds, loss: until(loss), accuracy: until(accuracy) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
