// What a curve can be drawn against, and how its values read.
import { formatCount, formatDuration, formatShort } from '../format.ts';

export type XAxis = 'step' | 'samples' | 'seconds';

export interface XAxisText {
  readonly label: string;
  /** A value on the axis. */
  readonly format: (x: number) => string;
  /** Where a point is, in a sentence. */
  readonly place: (x: number) => string;
}

export const X_AXES: Readonly<Record<XAxis, XAxisText>> = {
  step: { label: 'Step', format: formatShort, place: (x) => `at step ${formatCount(x)}` },
  samples: { label: 'Samples', format: formatShort, place: (x) => `after ${formatCount(x)} samples` },
  seconds: { label: 'Time', format: formatDuration, place: (x) => `after ${formatDuration(x)}` },
};

export const X_AXIS_NAMES: readonly XAxis[] = ['step', 'samples', 'seconds'];
