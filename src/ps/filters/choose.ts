// The automatic mode's decision: from what clocks took under some ways to exchange, the way with the least loss among those
// that are about as fast as the fastest. A pure function of numbers; who measures is in auto-filters.ts.
import { type FilterChoice, MAX_AUTO_LOCAL_STEPS, type PullSpec, type PushSpec } from '../../protocol/filters.ts';
import { USUAL_MS_PER_BYTE } from '../ratio/ratio-model.ts';

/** One way to exchange. */
export interface Exchange {
  readonly codec: CodecOption;
  /** Batches between two exchanges. */
  readonly localSteps: number;
}

interface CodecOption {
  readonly words: string;
  readonly push: PushSpec | null;
  readonly pull: PullSpec | null;
  /** Of the f32 bytes, about. */
  readonly share: number;
  /** Milliseconds to encode and decode a megabyte of f32, both ends, on a core that does other things too (bench codecs). */
  readonly msPerMegabyte: number;
}

const coded = (codec: PushSpec['codec']): PushSpec => ({ stages: [], codec });

/** From no loss to most. Top-k is not among them: what it costs in quality depends on the job too much. */
const CODECS: readonly CodecOption[] = [
  { words: '32-bit values', push: null, pull: null, share: 1, msPerMegabyte: 0 },
  {
    ...{ words: '16-bit values', share: 0.5, msPerMegabyte: 3 },
    ...{ push: coded('f16'), pull: { isDelta: false, codec: 'f16' } },
  },
  {
    ...{ words: '8-bit values', share: 0.26, msPerMegabyte: 4 },
    ...{ push: coded('int8'), pull: { isDelta: true, codec: 'int8' } },
  },
];

const STEPS = [1, 2, 4, 8, 16].filter((steps) => steps <= MAX_AUTO_LOCAL_STEPS);

/** Everything that may be chosen, and what is left of it where local steps were asked for. */
const ALL: readonly Exchange[] = STEPS.flatMap((localSteps) => CODECS.map((codec) => ({ codec, localSteps })));
const CODED: readonly Exchange[] = ALL.filter(({ localSteps }) => localSteps === 1);

/** How a run begins: exact, after every batch. */
export const PLAIN: Exchange = ALL[0] as Exchange;

/** The option that a choice stands for. */
export const exchangeOf = (choice: FilterChoice): Exchange =>
  ALL.find(({ codec, localSteps }) => codec.push?.codec === choice.push?.codec && localSteps === choice.localSteps) ??
  PLAIN;

/** What clocks took lately, of the worker that computes longest: it is the one that all others wait for. */
export interface ClockFigures {
  readonly computeMs: number;
  /** From one clock to the next, everything in. */
  readonly clockMs: number;
  /** f32 that one exchange stands for, both ways, of the worker that moves most. */
  readonly rawBytes: number;
  /** Of an exchange of no bytes at all. */
  readonly roundTripMs: number;
  /** What the tightest cap of a tab lets through each way; absent without one. */
  readonly bytesPerMs?: number;
  /** Workers for each core of this one's machine, where they are as many as its cores or more; else absent. */
  readonly crowding?: number;
}

/** What clocks take, in milliseconds. */
export interface Prediction {
  /** If nothing were exchanged. */
  readonly aloneMs: number;
  clockMs(option: Exchange): number;
}

export interface Situation {
  /** With one, local steps lose nothing: its own parameters are the newest. */
  readonly workers: number;
  /** Is the number of local steps to be chosen, too? It may have been asked for. */
  readonly hasFreeSteps: boolean;
  /** Does anything leave the tab? Where nothing does, there is nothing to code. */
  readonly hasTraffic: boolean;
}

/** An option may be this much slower than the fastest, where it loses less. */
const TOLERANCE = 1.03;

/** A change back to less loss must cost less than this. */
const WORTHLESS_GAIN = 1.02;

/** No computation is slowed down to less than this part of its pace by what is exchanged beside it. */
const LEAST_SHARE = 0.3;

/** The part of f32 after every batch that an option moves. */
const weightOf = ({ codec, localSteps }: Exchange): number => codec.share / localSteps;

/**
 * Clocks under every option: as measured where it was tried, else as the current one lets expect. What an exchange takes beyond
 * a round trip is in proportion to its bytes; local steps share it out.
 * @param tried milliseconds of a clock, by option
 */
export function predict(
  current: Exchange,
  figures: ClockFigures,
  tried: ReadonlyMap<Exchange, number> = new Map(),
): Prediction {
  const { computeMs, clockMs, rawBytes, roundTripMs, bytesPerMs = Number.POSITIVE_INFINITY } = figures;
  const codingMs = ({ msPerMegabyte }: CodecOption) => (msPerMegabyte * rawBytes) / 1e6;
  const exchangeMs = Math.max(clockMs - computeMs, 0) * current.localSteps;
  const latencyMs = Math.min(roundTripMs, exchangeMs / 2);
  const movedMs = Math.max(exchangeMs - latencyMs - codingMs(current.codec), 0) / current.codec.share;
  const slowingMs = slowingOf(figures, tried);
  // A window that was short, or lucky, may show less than a cap allows. Half of the bytes go each way.
  const movingMs = Math.max(movedMs, slowingMs, rawBytes / 2 / bytesPerMs);
  const hiddenMs = Math.max(slowingMs - movedMs, 0) * weightOf(current);
  const aloneMs = Math.max(computeMs - hiddenMs, LEAST_SHARE * computeMs);
  const costMs = ({ codec, localSteps }: Exchange) =>
    (latencyMs + movingMs * codec.share + codingMs(codec)) / localSteps;
  return { aloneMs, clockMs: (option) => tried.get(option) ?? aloneMs + costMs(option) };
}

/**
 * By how much f32 after every batch slows computing down where that hides it. It looks as if it took nothing, and with a core to
 * spare it doesn't; tabs that leave none pay for it. Taken for what it usually costs, until two options have shown better.
 */
function slowingOf({ rawBytes, crowding = 0 }: ClockFigures, tried: ReadonlyMap<Exchange, number>): number {
  const usual = crowding * USUAL_MS_PER_BYTE * rawBytes;
  const byWeight = [...tried].toSorted(([a], [b]) => weightOf(a) - weightOf(b));
  const [least, most] = [byWeight[0], byWeight.at(-1)];
  if (least === undefined || most === undefined || least === most) return usual;
  const shown = (most[1] - least[1]) / (weightOf(most[0]) - weightOf(least[0]));
  return Math.min(Math.max(shown, 0), usual);
}

/** Rounding and local steps both lose; with one worker local steps lose nothing but that others see the parameters later. */
const lossOf = ({ codec, localSteps }: Exchange, workers: number): number =>
  workers > 1
    ? CODECS.indexOf(codec) + CODECS.length * STEPS.indexOf(localSteps)
    : STEPS.indexOf(localSteps) + STEPS.length * CODECS.indexOf(codec);

/** The option of least loss among those about as fast as the fastest; the current one where another gains nothing. */
export function chooseExchange(
  current: Exchange,
  { clockMs }: Prediction,
  { workers, hasFreeSteps, hasTraffic }: Situation,
): Exchange {
  const options = (hasFreeSteps ? ALL : CODED)
    .filter(({ codec }) => hasTraffic || codec === PLAIN.codec)
    .toSorted((a, b) => lossOf(a, workers) - lossOf(b, workers));
  const fastest = Math.min(...options.map(clockMs));
  const isFast = options.includes(current) && clockMs(current) <= TOLERANCE * fastest;
  const most = isFast ? Math.min(WORTHLESS_GAIN * clockMs(current), TOLERANCE * fastest) : TOLERANCE * fastest;
  const best = options.find((option) => option === current || clockMs(option) <= most);
  return isFast ? (best ?? current) : (options.find((option) => clockMs(option) <= most) ?? current);
}

/**
 * What was chosen and why, in a sentence.
 * @param askedSteps local steps that were asked for: then only the codec was chosen
 */
export function explainExchange(
  { codec, localSteps }: Exchange,
  { aloneMs, clockMs }: Prediction,
  askedSteps = 1,
): string {
  const percent = Math.max(0, Math.round((1 - aloneMs / clockMs(PLAIN)) * 100));
  const every = (steps: number) => (steps === 1 ? 'after every step' : `exchanged every ${steps} steps`);
  if (codec === PLAIN.codec && localSteps === 1) {
    return `32-bit values ${every(askedSteps)}: moving parameters takes only ${percent} % of the time.`;
  }
  const plain = `as 32-bit values${askedSteps === 1 ? ' after every step' : ''}, moving parameters would take`;
  return `${codec.words} ${every(Math.max(localSteps, askedSteps))}: ${plain} ${percent} % of the time.`;
}
