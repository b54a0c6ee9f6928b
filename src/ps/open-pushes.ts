// Pushes of one client that are not acknowledged yet, each segment's by itself.
import type { Push } from '../protocol/frames.ts';
import type { CodedPush } from './filters/client-filters.ts';

/** What waits for its acknowledgement, with what filters made of it. */
export type UnsentPush = Omit<Push, 'epoch' | 'settled'> & { readonly coded: CodedPush | null };

export class OpenPushes {
  /** By clock, then by segment. Clocks are added in order and sent again in order. */
  private readonly byClock = new Map<number, Map<number, UnsentPush>>();
  /** The clock of which only some segments' pushes are here yet. */
  private partial: number | null = null;
  /** So many have been acknowledged, each segment's counted, none twice. */
  acknowledged = 0;

  clear(): void {
    this.byClock.clear();
    this.partial = null;
    this.acknowledged = 0;
  }

  /** Clocks that are not acknowledged everywhere. */
  get clocks(): number {
    return this.byClock.size;
  }

  /** Pushes, each segment's counted: given up with their client, some may be applied yet. */
  get size(): number {
    let sum = 0;
    for (const ofClock of this.byClock.values()) sum += ofClock.size;
    return sum;
  }

  add(key: number, push: UnsentPush): void {
    const ofClock = this.byClock.get(push.clock) ?? new Map<number, UnsentPush>();
    this.byClock.set(push.clock, ofClock.set(key, push));
  }

  has(clock: number, key: number): boolean {
    return this.byClock.get(clock)?.has(key) ?? false;
  }

  /** All of them, in the order in which they were added. */
  *all(): Iterable<readonly [key: number, push: UnsentPush]> {
    for (const ofClock of this.byClock.values()) yield* ofClock;
  }

  /** One segment's, in the order of their clocks. */
  *of(key: number): Iterable<UnsentPush> {
    for (const ofClock of this.byClock.values()) {
      const push = ofClock.get(key);
      if (push !== undefined) yield push;
    }
  }

  /** The first clock that is in no acknowledged push of this segment. */
  oldest(key: number): number {
    for (const { clock, covers = 1 } of this.of(key)) return clock + 1 - covers;
    throw new RangeError('A push that is sent is not acknowledged.');
  }

  /** More pushes of this clock will be added: it isn't done when those that are here are acknowledged. */
  expectMore(clock: number): void {
    this.partial = clock;
  }

  /** All pushes of this clock have been added. @returns whether all of them are acknowledged by now */
  complete(clock: number): boolean {
    if (this.partial === clock) this.partial = null;
    return this.byClock.get(clock)?.size === 0 && this.byClock.delete(clock);
  }

  /** @returns what that completes: null where the push was not waited for */
  acknowledge(clock: number, key: number): 'segment' | 'clock' | null {
    const ofClock = this.byClock.get(clock);
    if (ofClock === undefined || !ofClock.delete(key)) return null;
    this.acknowledged++;
    if (ofClock.size > 0 || clock === this.partial) return 'segment';
    this.byClock.delete(clock);
    return 'clock';
  }
}
