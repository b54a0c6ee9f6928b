// What a job refuses, by name.

/** Data or parameters that a job can't compute with. The message is for the person who chose them. */
export class UnsuitableBlock extends Error {
  override name = 'UnsuitableBlock';
}
