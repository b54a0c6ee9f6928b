// A run's parameters as files that leave the page.
import type { DatasetMeta } from '../data/dataset.ts';
import { encodeParameters } from '../data/parameters-file.ts';
import { findJob } from '../jobs/registry.ts';
import type { RunPlan } from '../protocol/control.ts';

/** A kind of file that the run's job doesn't make. */
export class UnknownExport extends Error {
  override name = 'UnknownExport';
}

/** @throws UnknownExport */
export function exportRun(
  extension: string,
  plan: RunPlan,
  data: DatasetMeta,
  tables: readonly Float32Array[],
): Uint8Array {
  const { job: name, options, seed, steps } = plan;
  if (extension === 'safetensors') {
    const tensors = tables.map((values, table) => ({
      name: plan.tables[table]?.name ?? String(table),
      shape: plan.tables[table]?.shape ?? [values.length],
      values,
    }));
    return encodeParameters({ tensors, job: name, options, seed, steps, data });
  }
  const job = findJob(name);
  const found = job.exports?.find((one) => one.extension === extension);
  if (found === undefined) throw new UnknownExport(`${job.title} can't be downloaded as .${extension}.`);
  return found.make(job.options.parse(options), data, tables);
}
