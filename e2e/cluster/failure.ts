// What the command line says instead of a stack: one sentence that tells what is wrong, and what to do.
export class ClusterFailure extends Error {
  override name = 'ClusterFailure';
}
