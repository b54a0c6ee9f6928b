// The jobs as the page offers them, with the defaults they have for the data at hand. Made in the trainer worker: a page
// knows no job, so that it need not load what jobs compute with.
import type { DatasetMeta } from '../data/dataset.ts';
import { jobs } from '../jobs/registry.ts';
import type { JobView } from '../store/view.ts';
import { touchesAllKeys } from './run-plan.ts';

/** Seed of the data that a job generates: everyone's first run is on the same. */
export const DATA_SEED = 1;

/** Jobs for other kinds of data than these have the defaults for their own data. */
export function jobViews(data: DatasetMeta): JobView[] {
  return jobs.map((job) => {
    const options = job.options.parse({});
    const meta = data.kind === job.dataKind ? data : job.generate(DATA_SEED, null).meta;
    const { batch, learningRate, updater, steps } = job.defaults(options, meta);
    const { name, title, summary } = job;
    const exports = (job.exports ?? []).map(({ name, extension }) => ({ name, extension }));
    const defaults = { batch, learningRate, steps, updater: updater.kind };
    const { isStream = false } = job;
    return { name, title, summary, exports, isWhole: touchesAllKeys(meta), isStream, defaults };
  });
}
