// What an updater is: the server's function from an aggregated gradient to new parameters. Pure and elementwise.
// Only IEEE-exact operations (+ − × ÷ sqrt, comparisons): Math.pow and Math.exp differ by browser, and replicas must
// end with identical bytes.

/** What holds for one application of a gradient. */
export interface UpdateContext {
  readonly learningRate: number;
  /**
   * How many clocks' global batches are behind this gradient. In BSP 1. Elsewhere a worker's share: n small steps a clock
   * instead of one, whose weights sum to 1, so churn and consistency need no retuning. Of a round of local steps as many times
   * that as it has clocks: the gradient is their mean, and `learningRate` is the same however long rounds are.
   */
  readonly weight: number;
  /** This segment's scalars, kept between calls, as long as `scalars` of the updater: step counts, powers of betas. */
  readonly scalars: Float64Array;
}

export interface Updater {
  /** How the pushes of one clock become one gradient: their mean weighted by samples, or their sum. */
  readonly aggregate: 'mean' | 'sum';
  /** State arrays per value (Adam: 2). Each starts at zero and has the layout of the values. */
  readonly slots: number;
  /** Scalars per segment and what they start as. */
  readonly scalars: readonly number[];
  /** Called once per application, before `apply`: advances the scalars. */
  advance(context: UpdateContext): void;
  /**
   * Updates values[at … at+count) and the same range of each slot from gradient[from … from+count).
   * Called once per row for key lists, once per segment for whole ranges.
   */
  apply(
    values: Float32Array,
    slots: readonly Float32Array[],
    at: number,
    gradient: Float32Array,
    from: number,
    count: number,
    context: UpdateContext,
  ): void;
  /**
   * Where values depend on the scalars too (FTRL's penalty grows with the number of updates, also for keys not
   * touched): brings values[at … at+count) up to date before they are read.
   */
  refresh?(
    values: Float32Array,
    slots: readonly Float32Array[],
    at: number,
    count: number,
    scalars: Float64Array,
  ): void;
  /**
   * Goes along the mean way of local steps, turned round, instead of a gradient (`outer.ts`). Whole segments only; absent
   * where local steps have no way, or none was asked for.
   */
  drift?(values: Float32Array, slots: readonly Float32Array[], drift: Float32Array, context: UpdateContext): void;
}

/** Settings of an updater, as they travel in a job. */
export type UpdaterSpec =
  /** Counts and sketches: values += pushes, whole numbers kept exact. */
  | { readonly kind: 'add' }
  | { readonly kind: 'sgd' }
  | { readonly kind: 'momentum'; readonly beta: number; readonly nesterov: boolean }
  | { readonly kind: 'adagrad'; readonly epsilon: number }
  | { readonly kind: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  /** l1 and l2 are penalties on the mean loss per sample; `beta` as in McMahan et al. 2013, alpha is the learning rate. */
  | { readonly kind: 'ftrl'; readonly beta: number; readonly l1: number; readonly l2: number };

export type UpdaterKind = UpdaterSpec['kind'];
