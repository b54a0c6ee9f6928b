// Parameters out of a dropped file, as the state in which a run begins: nothing is in yet, and the updater remembers nothing.
import { decodeParameters, NotOurParameters, type ParametersFile } from '../data/parameters-file.ts';
import { decodeSafetensors } from '../data/safetensors.ts';
import { findJob } from '../jobs/registry.ts';
import { MalformedBytes } from '../protocol/bytes.ts';
import type { RunPlan } from '../protocol/control.ts';
import type { Cut } from '../protocol/frames.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { cutSegments, type TableSpec } from '../ps/table.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import { splitCheckpoint } from './checkpoint-blocks.ts';

/** Parameters that can't be started from: the message says why, and names the file. */
export class UnfitParameters extends Error {
  override name = 'UnfitParameters';
}

/** What a file says of itself. */
export interface ParametersSummary {
  readonly job: string;
  readonly title: string;
  readonly options: Record<string, unknown>;
  readonly parameters: number;
}

/** Null for a checkpoint, which says more. @throws UnfitParameters */
export function summariseParameters(name: string, bytes: Uint8Array): ParametersSummary | null {
  const file = readParameters(name, bytes);
  if (file === null) return null;
  const { job, options, tensors } = file;
  const parameters = tensors.reduce((sum, { values }) => sum + values.length, 0);
  return { job, title: jobOf(name, job), options, parameters };
}

function jobOf(name: string, job: string): string {
  try {
    return findJob(job).title;
  } catch (cause) {
    throw new UnfitParameters(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Null for a checkpoint. @throws UnfitParameters */
export function readParameters(name: string, bytes: Uint8Array): ParametersFile | null {
  try {
    if (decodeSafetensors(bytes).metadata.has('checkpoint')) return null;
    return decodeParameters(bytes);
  } catch (error) {
    if (error instanceof NotOurParameters) throw new UnfitParameters(`${name}: ${error.message}.`, { cause: error });
    if (error instanceof MalformedBytes)
      throw new UnfitParameters(`${name} is damaged (${error.message}).`, { cause: error });
    throw error;
  }
}

const shapeInWords = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Every segment of the plan's tables, with the file's values. @throws UnfitParameters where they are not those of the plan */
export function parametersAsCuts(name: string, bytes: Uint8Array, plan: RunPlan): Cut[] {
  const file = readParameters(name, bytes);
  if (file === null) throw new UnfitParameters(`${name} is a checkpoint: drop it to go on from it.`);
  if (file.job !== plan.job) throw new UnfitParameters(`${name} holds parameters of ${file.job}, not of ${plan.job}.`);
  const updater = createUpdater(plan.updater, plan.outer);
  const tables = plan.tables.map((table) => {
    const values = valuesFor(name, file, table);
    const slots = Array.from({ length: updater.slots }, () => new Float32Array(values.length));
    return { values, slots };
  });
  const segment = { version: 0, floor: NO_CLOCK, ahead: [], scalars: [...updater.scalars] };
  const segments = cutSegments(plan.tables).map(() => segment);
  const history = { seconds: 0, loss: [], accuracy: [] };
  const info = { version: 1, plan, schedule: [], clock: NO_CLOCK, workers: 0, savedAt: 0, history, segments } as const;
  return splitCheckpoint({ info: { ...info, schedule: [], segments }, tables });
}

/** A file's values of one table. @throws UnfitParameters where it has none of that shape */
export function valuesFor(name: string, file: ParametersFile, table: Pick<TableSpec, 'name' | 'shape'>): Float32Array {
  const tensor = file.tensors.find((one) => one.name === table.name);
  const isSame = tensor !== undefined && tensor.shape.join() === table.shape.join();
  if (isSame && tensor.values.every(Number.isFinite)) return tensor.values;
  if (isSame) throw new UnfitParameters(`${name}: ${table.name} has values that are no numbers.`);
  const found = tensor === undefined ? `no ${table.name}` : `${table.name} as ${shapeInWords(tensor.shape)}`;
  const learnt = file.data === null ? '' : ` It was trained on “${file.data.name}”.`;
  throw new UnfitParameters(
    `${name} has ${found}, but the model for these data has it as ${shapeInWords(table.shape)}: choose data like those that it was trained on.${learnt}`,
  );
}
