// The jobs as the page offers them, with the defaults they have for the data at hand. Made in the trainer worker: a page
// knows no job, so that it need not load what jobs compute with.
import type { DatasetMeta } from '../data/dataset.ts';
import type { Job } from '../jobs/job.ts';
import { findJob, jobs, parseOptions } from '../jobs/registry.ts';
import type { JobView } from '../store/view.ts';
import { touchesAllKeys } from './run-plan.ts';

/** Seed of the data that a job generates: everyone's first run is on the same. */
export const DATA_SEED = 1;

/** Jobs for other kinds of data than these have the defaults for their own data. */
export function jobViews(data: DatasetMeta): JobView[] {
  return jobs.map((job) => {
    const meta = data.kind === job.dataKind ? data : job.generate(DATA_SEED, null).meta;
    const { name, title, summary } = job;
    const exports = (job.exports ?? []).map(({ name, extension }) => ({ name, extension }));
    const { isStream = false } = job;
    return {
      name,
      title,
      summary,
      exports,
      isWhole: touchesAllKeys(meta),
      isStream,
      defaults: defaultsOf(job, {}, meta),
    };
  });
}

/** What a job is run with on these data where nobody says otherwise. @throws UnknownJob, BadOptions */
export const jobDefaults = (name: string, options: Record<string, unknown>, data: DatasetMeta): JobView['defaults'] =>
  defaultsOf(findJob(name), options, data);

function defaultsOf(job: Job, options: Record<string, unknown>, meta: DatasetMeta): JobView['defaults'] {
  const { batch, learningRate, updater, steps } = job.defaults(parseOptions(job, options), meta);
  return { batch, learningRate, steps, updater: updater.kind };
}
