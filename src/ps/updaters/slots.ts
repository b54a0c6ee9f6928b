// Access to an updater's state arrays and scalars, checked once per application so that the loops needn't.

/** A segment was given to an updater without the state that the updater declares: a fault in the caller. */
export class MissingState extends Error {
  override name = 'MissingState';
}

/** @throws MissingState */
export function slotAt(slots: readonly Float32Array[], index: number): Float32Array {
  const slot = slots[index];
  if (slot === undefined) throw new MissingState(`The updater needs slot ${index}, the segment has ${slots.length}.`);
  return slot;
}

/** @throws MissingState */
export function scalarAt(scalars: Float64Array, index: number): number {
  const scalar = scalars[index];
  if (scalar === undefined) {
    throw new MissingState(`The updater needs scalar ${index}, the segment has ${scalars.length}.`);
  }
  return scalar;
}
