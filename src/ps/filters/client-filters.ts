// The worker's end of all filters of one run: pushes coded, pulls with wishes, answers decoded, and what that saved.
// Every segment has its own memory; frames are coded once and sent again as they are.
import { type PullFilters, type PullSpec, type PushFilters, type PushSpec, specFor } from '../../protocol/filters.ts';
import type { CodedRows, FilteredAnswer, PullWish } from '../../protocol/frames.ts';
import { type NodeId, segmentKey, type WorkerId } from '../../protocol/ids.ts';
import { hash32 } from '../../random.ts';
import { isAllFinite } from '../finite.ts';
import type { Rows } from '../segment.ts';
import type { SegmentRange, TableSpec } from '../table.ts';
import { addDifference } from './answer-filter.ts';
import { codecNamed, codecOf } from './codecs.ts';
import { HeldRows } from './held-rows.ts';
import { encodeKeys, encodeSignature, signatureOf } from './key-list.ts';
import { SentKeys } from './key-memory.ts';
import { type PushContext, PushFilter, PushWork } from './push-filter.ts';
import { BlockEncoder, decodeBlock } from './value-block.ts';

/** Bytes of one direction that leave the tab, stage by stage. Resending is not in them. */
export interface DirectionBytes {
  /** Keys and values as they are, before any filter. */
  raw: number;
  /** f32 of the values that sparsifying stages and zero removal left. */
  kept: number;
  /** Coded values, and where they belong. */
  values: number;
  places: number;
  /** Coded keys. */
  keys: number;
}

const noBytes = (): DirectionBytes => ({ raw: 0, kept: 0, values: 0, places: 0, keys: 0 });

/** A coded push: its block never changes, its keys go out whole or as a signature. */
export interface CodedPush {
  readonly block: Uint8Array;
  readonly keys: Uint32Array | null;
}

/** What this worker holds of a segment, by the serial that its owner gave it. */
interface Held<Of> {
  readonly serial: number;
  readonly values: Of;
}

/** What an answer is an answer to. */
export interface AskedRows {
  readonly range: SegmentRange;
  readonly floats: number;
  readonly pull: { readonly keys: Uint32Array | null; readonly wish: PullSpec | null };
}

/** Both ends keep a segment for the sake of differences only where a worker asks for this much of it at least. */
const LEAST_SHARE_HELD = 0.5;

const REST: PushSpec = { stages: [], codec: 'f32' };

export interface ClientFilterSettings {
  /** Of stochastic rounding. */
  readonly seed: number;
  /** L1 penalty on the mean loss per sample; 0 without. */
  readonly l1: number;
}

export class ClientFilters {
  readonly push: DirectionBytes;
  readonly pull = noBytes();
  private readonly tab: NodeId;
  private readonly encoder = new BlockEncoder();
  private readonly work = new PushWork();
  private readonly filters = new Map<number, PushFilter>();
  private readonly held = new Map<number, Held<Float32Array>>();
  private readonly heldCounts = new Map<number, Held<HeldRows>>();
  private readonly sent = new Map<number, { owner: NodeId; keys: SentKeys }>();

  constructor(
    private readonly self: WorkerId,
    private readonly tables: readonly TableSpec[],
    private readonly settings: ClientFilterSettings,
    /** Those of the tab's own worker, where `self` is another: pushes in its name are counted there. */
    own?: ClientFilters,
  ) {
    this.push = own?.push ?? noBytes();
    this.tab = own?.tab ?? self.node;
  }

  /**
   * Codes one segment's part of a push; null where it travels as it is: no filter, nothing in it, or no number.
   * @param covers clocks whose mean the rows are, the last of them `clock`
   * @param isLeaving the tab: else it is no traffic, and not counted
   */
  codePush(
    range: SegmentRange,
    rows: Rows,
    { clock, covers, parameters }: Pick<PushContext, 'clock' | 'covers' | 'parameters'>,
    chosen: PushFilters | null,
    isLeaving: boolean,
  ): CodedPush | null {
    const { values, keys } = rows;
    const spec = (chosen === null ? null : specFor(chosen, this.nameOf(range.table))) ?? this.restOf(range);
    // What isn't finite travels as it is, so that its shard refuses it by name.
    const isCoded = spec !== null && values.length > 0 && isAllFinite(values);
    if (isLeaving) this.countRows(rows, isCoded);
    if (!isCoded) return null;
    const seed = hash32(this.settings.seed, this.self.node, range.table, range.segment, clock);
    const context = { clock, covers, seed, l1: this.settings.l1, parameters };
    const block = this.filterOf(range).encode(rows, spec, context);
    if (isLeaving) {
      this.push.kept += 4 * this.encoder.sizes.kept;
      this.push.values += this.encoder.sizes.values;
      this.push.places += this.encoder.sizes.mask;
    }
    return { block, keys };
  }

  /** What was left out before filters were turned off goes, too, once. */
  private restOf({ table, segment }: SegmentRange): PushSpec | null {
    return this.filters.get(segmentKey(table, segment))?.hasRest ? REST : null;
  }

  private countRows({ values, keys }: Rows, isCoded: boolean): void {
    const keyBytes = keys?.byteLength ?? 0;
    this.push.raw += values.byteLength + keyBytes;
    if (isCoded) return;
    this.push.kept += values.byteLength;
    this.push.values += values.byteLength;
    this.push.keys += keyBytes;
  }

  private filterOf(range: SegmentRange): PushFilter {
    const key = segmentKey(range.table, range.segment);
    const width = this.tables[range.table]?.width ?? 1;
    const filter = this.filters.get(key) ?? new PushFilter(range, width, this.encoder, this.work);
    this.filters.set(key, filter);
    return filter;
  }

  /** What goes out for a push that was coded. Whole keys wherever the owner may not know them. */
  rowsFor({ block, keys }: CodedPush, range: SegmentRange, owner: NodeId, mayBeShort: boolean): CodedRows {
    const coded = this.codeKeys(keys, range, owner, mayBeShort);
    if (owner !== this.tab) this.push.keys += coded.length;
    return { block, keys: coded };
  }

  /** How a segment's rows are wished for; null where as they are. */
  wishFor(range: SegmentRange, chosen: PullFilters | null): PullSpec | null {
    return chosen === null ? null : specFor(chosen, this.nameOf(range.table));
  }

  /** A wish and coded keys for one segment's part of a pull. */
  codePull(
    spec: PullSpec,
    keys: Uint32Array | null,
    range: SegmentRange,
    owner: NodeId,
    mayBeShort: boolean,
  ): { readonly wish: PullWish; readonly keys: Uint8Array } {
    const coded = this.codeKeys(keys, range, owner, mayBeShort);
    if (owner !== this.tab) this.pull.keys += coded.length;
    const base = spec.isDelta ? this.heldSerial(spec, keys, range) : null;
    return { wish: { codec: codecNamed(spec.codec).id, base }, keys: coded };
  }

  /** The answer that the next may differ from, 0 for none; null where it shall be whole. */
  private heldSerial({ codec }: PullSpec, keys: Uint32Array | null, range: SegmentRange): number | null {
    const key = segmentKey(range.table, range.segment);
    if (codec !== 'whole') return keys === null ? (this.held.get(key)?.serial ?? 0) : null;
    const isMuch = keys === null || keys.length >= LEAST_SHARE_HELD * (range.end - range.start);
    return isMuch ? (this.heldCounts.get(key)?.serial ?? 0) : null;
  }

  /**
   * The rows of an answer.
   * @returns null where it differs from what this worker doesn't hold: it must ask again
   * @throws MalformedBytes
   */
  decode(answer: FilteredAnswer, asked: AskedRows): Float32Array | null {
    const { floats } = asked;
    const key = segmentKey(answer.table, answer.segment);
    const values = decodeBlock(answer.block, floats);
    if (answer.serial === 0) return values;
    if (asked.pull.wish?.codec === 'whole') return this.countsOf(answer, values, asked) ? values : null;
    if (answer.base === 0) {
      this.held.set(key, { serial: answer.serial, values });
      return values;
    }
    const held = this.held.get(key);
    if (held === undefined || held.serial !== answer.base || held.values.length !== floats) {
      this.held.delete(key);
      return null;
    }
    addDifference(held.values, values, codecOf(answer.block[0] ?? 0) ?? codecNamed('f32'));
    this.held.set(key, { serial: answer.serial, values: held.values });
    return held.values;
  }

  /** @param change becomes the rows @returns whether this worker holds what they have changed from */
  private countsOf({ serial, base }: FilteredAnswer, change: Float32Array, { range, pull }: AskedRows): boolean {
    const key = segmentKey(range.table, range.segment);
    const held = this.heldCounts.get(key);
    if (base !== 0 && held?.serial !== base) {
      this.heldCounts.delete(key);
      return false;
    }
    const rows = held?.values ?? new HeldRows(range);
    if (base === 0) rows.clear();
    rows.add(pull.keys, change);
    this.heldCounts.set(key, { serial, values: rows });
    return true;
  }

  /** Counts an answer's bytes, coded or not. */
  countAnswer(rows: number, width: number, isKeyed: boolean, valueBytes: number): void {
    this.pull.raw += rows * width * 4 + (isKeyed ? rows * 4 : 0);
    this.pull.kept += rows * width * 4;
    this.pull.values += valueBytes;
  }

  private codeKeys(keys: Uint32Array | null, range: SegmentRange, owner: NodeId, mayBeShort: boolean): Uint8Array {
    if (keys === null || keys.length === 0) return encodeKeys(keys, range.start, range.end);
    const at = segmentKey(range.table, range.segment);
    const known = this.sent.get(at);
    const sent = known?.owner === owner ? known : { owner, keys: new SentKeys() };
    this.sent.set(at, sent);
    const signature = signatureOf(keys);
    const isKnown = sent.keys.note(signature) && mayBeShort;
    return isKnown ? encodeSignature(signature, keys.length) : encodeKeys(keys, range.start, range.end);
  }

  private nameOf(table: number): string {
    return this.tables[table]?.name ?? '';
  }
}
