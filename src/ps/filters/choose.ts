// The automatic mode's decision: from what a worker measured to the least lossy filters that hide its communication.
// A pure function of numbers; who measures is in runtime/filter-choice.ts.
import type { PullSpec, PushSpec } from '../../protocol/filters.ts';

/** What one clock of a worker took lately, on average. */
export interface ClockFigures {
  readonly computeMs: number;
  /** Time in which it did nothing but wait for the network. */
  readonly exposedMs: number;
  /** Bytes that went over its links, both ways. */
  readonly wireBytes: number;
  /** f32 that they stand for. */
  readonly rawBytes: number;
  /** Is communication under way while it computes? Not in BSP. */
  readonly overlaps: boolean;
}

/** One way to send, by how little it takes away. */
export interface FilterOption {
  readonly name: string;
  readonly push: PushSpec | null;
  readonly pull: PullSpec | null;
  /** Of the f32 bytes, about. */
  readonly share: number;
  /** Milliseconds to encode and decode a megabyte of f32, measured by bench/codecs.ts and taken twice: both ends. */
  readonly msPerMegabyte: number;
}

const coded = (codec: PushSpec['codec']): PushSpec => ({ stages: [], codec });

/** From no loss to most. Top-k is not among them: what it costs in quality depends on the job too much. */
export const FILTER_OPTIONS: readonly FilterOption[] = [
  { name: 'plain f32', push: null, pull: null, share: 1, msPerMegabyte: 0 },
  { name: 'f16', push: coded('f16'), pull: { isDelta: false, codec: 'f16' }, share: 0.5, msPerMegabyte: 5 },
  {
    name: 'int8 up, f16 down',
    push: coded('int8'),
    pull: { isDelta: false, codec: 'f16' },
    share: 0.38,
    msPerMegabyte: 5,
  },
  { name: 'int8', push: coded('int8'), pull: { isDelta: true, codec: 'int8' }, share: 0.26, msPerMegabyte: 8 },
];

export interface FilterDecision {
  /** Index in `FILTER_OPTIONS`. */
  readonly option: number;
  /** Why, in a sentence for the page. */
  readonly reason: string;
}

/** Waiting below this share of a clock is no reason for any loss. */
const HIDDEN_SHARE = 0.02;

/** A lossier option must make clocks at least this much shorter than the one before. */
const LEAST_GAIN = 0.05;

/**
 * The first option, by loss, under which communication is hidden behind the computation; if none hides it, the last that
 * still gains. What is measured under the current option is carried over to the others by their bytes.
 */
export function chooseFilters(current: number, figures: ClockFigures): FilterDecision {
  const { computeMs, exposedMs, wireBytes, rawBytes, overlaps } = figures;
  const clockMs = computeMs + exposedMs;
  const seen = FILTER_OPTIONS[current];
  if (seen === undefined || clockMs <= 0 || rawBytes <= 0) return { option: 0, reason: 'nothing measured yet' };
  if (current === 0 && exposedMs < HIDDEN_SHARE * clockMs) {
    return { option: 0, reason: `plain f32: communication is hidden behind ${format(computeMs)} ms of computation` };
  }
  const networkMs = Math.max(exposedMs + (overlaps ? computeMs : 0) - codingMs(seen, rawBytes), 0.01);
  const bytesPerMs = wireBytes / networkMs;
  let best = 0;
  for (let option = 0; option < FILTER_OPTIONS.length; option++) {
    const time = clockOf(FILTER_OPTIONS[option], figures, bytesPerMs);
    if (time < (1 - LEAST_GAIN) * clockOf(FILTER_OPTIONS[best], figures, bytesPerMs)) best = option;
  }
  const speed = `the links carry about ${format(bytesPerMs / 1e3)} MB/s, a step computes ${format(computeMs)} ms`;
  return { option: best, reason: `${FILTER_OPTIONS[best]?.name}: ${speed}` };
}

/** How long a clock takes under an option. */
function clockOf(option: FilterOption | undefined, figures: ClockFigures, bytesPerMs: number): number {
  if (option === undefined) return Number.POSITIVE_INFINITY;
  const { computeMs, rawBytes, overlaps } = figures;
  const networkMs = (rawBytes * option.share) / bytesPerMs;
  const ownMs = computeMs + codingMs(option, rawBytes);
  return overlaps ? Math.max(ownMs, networkMs) : ownMs + networkMs;
}

const codingMs = ({ msPerMegabyte }: FilterOption, rawBytes: number): number => (msPerMegabyte * rawBytes) / 1e6;

const format = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
