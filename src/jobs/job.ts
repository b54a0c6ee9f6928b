// What a job is: tables, a gradient, an evaluation, and the defaults that make it start well. A new job is one file in
// this folder and one line in registry.ts.
import type { z } from 'zod';
import type { Block, DatasetMeta, Generator, Split } from '../data/dataset.ts';
import type { Picks } from '../data/sampler.ts';
import { CLASSIFIER_MEASURES, type Measures } from '../protocol/measures.ts';
import type { TableSpec } from '../ps/table.ts';
import type { UpdaterSpec } from '../ps/updaters/updater.ts';

/** A learner's settings, before anyone changed them. */
export interface JobDefaults {
  readonly batch: number;
  readonly learningRate: number;
  readonly updater: UpdaterSpec;
  readonly steps: number;
}

/** Parameters of one table as a trainer sees them: all rows in key order, or the rows of `keys` in that order. */
export interface TableValues {
  /** Ascending and unique; null means every key of the table. */
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
}

/**
 * The gradient of the mean loss over a batch, one entry per table, laid out like the values it was computed on. A job whose
 * updater only adds may push other rows than it read.
 */
export interface Gradient {
  /** Sum of the loss over the batch, so that workers' losses add up. */
  readonly lossSum: number;
  readonly tables: readonly TableValues[];
}

/** Sums over the samples evaluated, so that workers' evaluations add up. The curve shows score / samples. */
export interface Evaluation {
  readonly samples: number;
  readonly lossSum: number;
  /** What `Job.measures` says it is; without that the samples classified right. */
  readonly score: number;
}

/** Reads live parameters: rows of `keys` of each table, null for a whole table. */
export type ReadRows = (keys: readonly (Uint32Array | null)[]) => Promise<readonly TableValues[]>;

/** Reads one block of the run's data. */
export type ReadBlock = (split: Split, index: number) => Promise<Block>;

/** What the try-it panel sends and gets: one sample in, a probability per class out. */
export interface Prediction {
  readonly probabilities: Float32Array;
}

/** A job made ready for one dataset in one trainer worker. May hold compiled kernels. */
export interface Trainer {
  /**
   * Which keys of each table a batch touches: null for all, else ascending and unique. `picks` name block and row of each
   * sample of a training batch, for jobs that keep state per sample; absent where there are none (evaluations, warm-up,
   * an oracle on whole batches).
   */
  keysOf(batch: Block, picks?: Picks | null): readonly (Uint32Array | null)[];
  gradient(parameters: readonly TableValues[], batch: Block, picks?: Picks | null): Promise<Gradient>;
  evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation>;
  predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction>;
  /**
   * What the job's live pictures and try-it panel ask of the live parameters. `request` comes from the page: the trainer
   * validates it. The answer is plain data and typed arrays (it is cloned), and its own to give away.
   */
  look?(request: unknown, read: ReadRows, block: ReadBlock): Promise<unknown>;
  /** What it computes with, for people: "wasm", "JavaScript". */
  readonly device: string;
  /** Dense samples that an evaluation computes at once, where it takes more of them in parts. */
  readonly rowsAtOnce?: number;
  dispose(): void;
}

/** A file that other programs read, made of a run's parameters. */
export interface JobExport<Options = unknown> {
  /** What people call it: "ONNX", "Topics (CSV)". */
  readonly name: string;
  /** Of the file's name, without a dot; no two of a job are the same. */
  readonly extension: string;
  /** The file, from all tables in order. */
  make(options: Options, meta: DatasetMeta, tables: readonly Float32Array[]): Uint8Array;
}

/** `Options` is what a user may set beyond the common settings; parsed by `options`, never cast. */
export interface Job<Options = unknown> {
  readonly name: string;
  readonly title: string;
  /** One sentence for the page. */
  readonly summary: string;
  /** Which data it learns from. */
  readonly dataKind: DatasetMeta['kind'];
  /** It counts its data, all of them: nothing is held out of files. */
  readonly isStream?: boolean;
  readonly options: z.ZodType<Options>;
  /** Names of its curves, which may depend on what its tables are; absent: loss and test accuracy. */
  readonly measures?: Measures | ((tables: readonly TableSpec[]) => Measures);
  /** Extra figures of the whole model at the end of a run (objective, nonZeros): from parameters and total loss. */
  figures?(
    options: Options,
    meta: DatasetMeta,
    tables: readonly Float32Array[],
    train: Evaluation,
  ): Record<string, number>;
  defaults(options: Options, meta: DatasetMeta): JobDefaults;
  tables(options: Options, meta: DatasetMeta): readonly TableSpec[];
  /** The data it makes for itself: no download, same bytes for the same arguments everywhere. */
  generate(seed: number, samples: { train: number; test: number } | null): Generator;
  createTrainer(options: Options, meta: DatasetMeta): Promise<Trainer>;
  /** Fetches and starts what its trainers compute with, while nobody waits for it yet; absent where that is nothing. */
  preload?(): Promise<void>;
  /** What its parameters can be downloaded as, besides safetensors; nothing when absent. */
  readonly exports?: readonly JobExport<Options>[];
}

/** What the curves of a run are: of a job with such tables. */
export function measuresOf({ measures }: Job, tables: readonly TableSpec[]): Measures {
  return (typeof measures === 'function' ? measures(tables) : measures) ?? CLASSIFIER_MEASURES;
}
