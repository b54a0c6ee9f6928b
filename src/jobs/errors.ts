// What a job refuses, by name.

/** An option that the job doesn't have, or not so. */
export class BadOptions extends Error {
  override name = 'BadOptions';
}

/** Data or parameters that a job can't compute with. The message is for the person who chose them. */
export class UnsuitableBlock extends Error {
  override name = 'UnsuitableBlock';
}
