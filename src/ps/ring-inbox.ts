// What came round the ring before this tab had heard of the map that it speaks of, or had begun to work: kept until then.
import { compareEpochs, type Epoch, type NodeId, segmentKey } from '../protocol/ids.ts';
import type { RingFrame } from '../protocol/ring-frames.ts';

export interface ArrivedRing {
  readonly from: NodeId;
  readonly frame: RingFrame;
}

/** The newest of each kind and segment: a ring has no more than one of them under way. */
export class RingInbox {
  private readonly kept = new Map<string, ArrivedRing>();

  /** @param segments of the run: what names none of them is dropped */
  keep(from: NodeId, frame: RingFrame, segments: { has(key: number): boolean }): void {
    const key = segmentKey(frame.table, frame.segment);
    if (!segments.has(key)) return;
    const name = `${frame.kind} ${key}`;
    const known = this.kept.get(name);
    if (known === undefined || compareEpochs(known.frame.epoch, frame.epoch) <= 0) this.kept.set(name, { from, frame });
  }

  /** Everything of this epoch, taken out; what is older goes. */
  take(epoch: Epoch): ArrivedRing[] {
    const due: ArrivedRing[] = [];
    for (const [name, arrived] of this.kept) {
      const age = compareEpochs(arrived.frame.epoch, epoch);
      if (age <= 0) this.kept.delete(name);
      if (age === 0) due.push(arrived);
    }
    return due;
  }

  get size(): number {
    return this.kept.size;
  }
}
