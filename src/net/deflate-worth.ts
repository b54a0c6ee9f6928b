// Whether a frame is worth deflating: where its bytes take longer on the path than deflating and inflating them takes, as measured
// on this very link. Dense values as 8 bits lose a tenth of their bytes, counts over a third (bench codecs); so between tabs of one
// machine or house little is deflated but now and then, to learn of it, and over a phone's network most is. Pure: told figures.
import type { Frame } from '../protocol/frames.ts';
import { MAX_PACKED_FRAME_BYTES } from '../protocol/limits.ts';

type Kind = Frame['kind'];

/** What is tried: what filters have coded, and data. With filters off pushes and answers travel as they are, plain f32. */
const PACKABLE: ReadonlySet<Kind> = new Set<Kind>(['filteredPush', 'filteredAnswer', 'codedUpdate', 'blockAnswer']);

/** Smaller ones are a head and little more. */
export const LEAST_DEFLATED_BYTES = 256;

/** Of each kind one frame in so many is deflated whatever the link: what it saves, and what that costs, changes as a run goes on. */
const PROBE_EVERY = 64;

/** Until measured: dense 8-bit values, and a core that does other things, too (bench codecs). */
const USUAL_SAVED_SHARE = 0.1;
const USUAL_MS_PER_BYTE = 1 / 25_000;

/** What deflating and inflating take together, of deflating alone (bench codecs). */
const BOTH_ENDS = 1.6;

/** Of the newest figure in those that are remembered. */
const NEWEST_SHARE = 0.2;
/** Of a time that is longer than those before: by the clock it has in it what else the thread did meanwhile. */
const LONGER_SHARE = 0.02;

interface Known {
  savedShare: number;
  /** Frames since one was tried. */
  passed: number;
}

export class DeflateWorth {
  private readonly kinds = new Map<Kind, Known>();
  private msPerByte = USUAL_MS_PER_BYTE;

  /** @param bytesPerMs of the link; null where nobody knows: nothing has had to wait */
  isTried(kind: Kind | null, bytes: number, bytesPerMs: number | null): boolean {
    if (kind === null || !PACKABLE.has(kind) || bytes < LEAST_DEFLATED_BYTES || bytes > MAX_PACKED_FRAME_BYTES)
      return false;
    const known = this.of(kind);
    const isTried = ++known.passed >= PROBE_EVERY || (bytesPerMs !== null && this.pays(known, bytesPerMs));
    if (isTried) known.passed = 0;
    return isTried;
  }

  /** What deflating one came to. */
  note(kind: Kind, before: number, after: number, milliseconds: number): void {
    const known = this.of(kind);
    known.savedShare += NEWEST_SHARE * (1 - after / before - known.savedShare);
    const longer = milliseconds / before - this.msPerByte;
    this.msPerByte += (longer > 0 ? LONGER_SHARE : NEWEST_SHARE) * longer;
  }

  private pays({ savedShare }: Known, bytesPerMs: number): boolean {
    return savedShare / bytesPerMs > BOTH_ENDS * this.msPerByte;
  }

  private of(kind: Kind): Known {
    const known = this.kinds.get(kind) ?? { savedShare: USUAL_SAVED_SHARE, passed: 0 };
    this.kinds.set(kind, known);
    return known;
  }
}
