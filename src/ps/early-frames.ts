// Frames of an epoch that a shard has not heard of yet, kept until its map has come. Every sender has its own share of
// room, so that a flood of one costs the others nothing. What has no room is dropped, and its client told to send again
// once the map is there.
import type {
  CodedUpdate,
  Confirm,
  FilteredPull,
  FilteredPush,
  Follow,
  Pull,
  Push,
  Snapshot,
  Update,
} from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_EARLY_BYTES } from '../protocol/limits.ts';
import type { RingPush } from '../protocol/ring-frames.ts';

export type PlainFrame = Push | RingPush | Pull | Update | Confirm | Follow | Snapshot;
export type TrainerFrame = Push | Pull | FilteredPush | FilteredPull;
export type SegmentFrame = PlainFrame | TrainerFrame | CodedUpdate;

export interface Arrived<F extends SegmentFrame = SegmentFrame> {
  readonly from: NodeId;
  readonly frame: F;
}

/** What a frame costs besides its arrays: without it a flood of empty ones would be free. */
const FRAME_OVERHEAD_BYTES = 256;

/** A tab's worker, its reader, and the incarnations before: who else claims to be one is not told. */
const MAX_CLIENTS_PER_NODE = 4;

const NO_VALUES = new Float32Array(0);
const NO_BYTES = new Uint8Array(0);

export class EarlyFrames {
  private frames: Arrived[] = [];
  private readonly bytes = new Map<NodeId, number>();
  /** Per node and incarnation one frame that had no room, without its arrays. */
  private readonly drops = new Map<NodeId, number>();
  private readonly dropped = new Map<NodeId, Map<number, TrainerFrame>>();

  /** @returns false where there is no room for it */
  keep(from: NodeId, frame: SegmentFrame): boolean {
    const bytes = (this.bytes.get(from) ?? 0) + bytesOfFrame(frame);
    if (bytes > MAX_EARLY_BYTES) {
      this.drop(from, frame);
      return false;
    }
    this.bytes.set(from, bytes);
    this.frames.push({ from, frame });
    return true;
  }

  private drop(from: NodeId, frame: SegmentFrame): void {
    this.drops.set(from, this.droppedOf(from) + 1);
    if (!('worker' in frame)) return;
    const ofNode = this.dropped.get(from) ?? new Map<number, TrainerFrame>();
    this.dropped.set(from, ofNode);
    if (ofNode.size >= MAX_CLIENTS_PER_NODE) return;
    ofNode.set(frame.worker.incarnation, bare(frame));
  }

  /** Frames of a sender that there was no room for since the last map. */
  droppedOf(from: NodeId): number {
    return this.drops.get(from) ?? 0;
  }

  /** Bytes kept for the sender with the most. */
  get mostBytes(): number {
    return Math.max(0, ...this.bytes.values());
  }

  /** Everything kept, in the order of arrival, and a frame of every client of which some had no room. Empties it. */
  takeAll(): { readonly kept: readonly Arrived[]; readonly dropped: readonly Arrived<TrainerFrame>[] } {
    const kept = this.frames;
    const dropped = [...this.dropped].flatMap(([from, ofNode]) =>
      [...ofNode.values()].map((frame) => ({ from, frame })),
    );
    this.frames = [];
    this.bytes.clear();
    this.dropped.clear();
    this.drops.clear();
    return { kept, dropped };
  }
}

/** What a refusal needs to know of a frame. */
function bare(frame: TrainerFrame): TrainerFrame {
  switch (frame.kind) {
    case 'push':
      return { ...frame, keys: null, values: NO_VALUES };
    case 'pull':
      return { ...frame, keys: null };
    case 'filteredPush':
      return { ...frame, keys: NO_BYTES, block: NO_BYTES };
    case 'filteredPull':
      return { ...frame, keys: NO_BYTES };
    default:
      return frame satisfies never;
  }
}

function bytesOfFrame(frame: SegmentFrame): number {
  let bytes = FRAME_OVERHEAD_BYTES;
  if ('keys' in frame) bytes += frame.keys?.byteLength ?? 0;
  if ('block' in frame) bytes += frame.block.byteLength;
  if ('values' in frame) bytes += frame.values.byteLength;
  if ('slots' in frame) for (const slot of frame.slots) bytes += slot.byteLength;
  return bytes;
}
