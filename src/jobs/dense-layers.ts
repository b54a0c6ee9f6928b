// The tables of dense layers: weights and biases, and how they start.
import type { TableSpec } from '../ps/table.ts';

/** He et al. 2015, "Delving deep into rectifiers", section 2.2: variance 2/inputs, here of a uniform distribution. */
export function layerTables(inputs: number, outputs: number, layer: number): TableSpec[] {
  const scale = Math.sqrt(6 / inputs);
  return [
    { name: `w${layer}`, keys: inputs, width: outputs, init: { kind: 'uniform', scale }, shape: [inputs, outputs] },
    { name: `b${layer}`, keys: 1, width: outputs, init: { kind: 'zeros' }, shape: [outputs] },
  ];
}
