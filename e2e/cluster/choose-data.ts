// The data of a run, as its user would choose them: made, dropped into the first tab, or, in a private room, into each worker's.
import type { Status } from '../../src/runtime/automation.ts';
import type { Tab } from '../browsers/tab.ts';
import type { ClusterArguments } from './arguments.ts';
import { checkReadable, dataFiles } from './data-files.ts';
import { ClusterFailure } from './failure.ts';
import { every } from './periods.ts';
import type { Room } from './room.ts';

/** @throws ClusterFailure */
export async function chooseData(room: Room, wanted: ClusterArguments): Promise<void> {
  const { job, train, test, data, dataSamples } = wanted;
  const tab = room.first;
  const { jobs } = await dataShown(tab, () => true);
  if (!jobs.some(({ name }) => name === job)) {
    throw new ClusterFailure(`There is no job "${job}". There is: ${jobs.map(({ name }) => name).join(', ')}.`);
  }
  if (wanted.private) return choosePrivately(room, wanted);
  await chooseJob(tab, wanted);
  const chosen = train ?? data;
  if (chosen !== undefined) {
    const files = dataFiles(chosen, test ?? []);
    try {
      await chooseFiles(tab, job, files.paths);
    } finally {
      files.dispose();
    }
  } else if (dataSamples !== undefined) {
    const count = dataSamples.train.toLocaleString('en');
    await tab.call('generateData', dataSamples);
    await dataShown(tab, ({ dataset }) => dataset?.description.startsWith(`${count} training`) ?? false);
  }
}

async function chooseJob(tab: Tab, { job, skipBadRows, column }: ClusterArguments): Promise<void> {
  await tab.call('presetData', { skipBadRows, column: column ?? null });
  await tab.call('chooseJob', job);
  await dataShown(tab, ({ dataset }) => dataset?.jobs.includes(job) ?? false);
}

async function chooseFiles(tab: Tab, job: string, paths: readonly string[]): Promise<void> {
  await tab.chooseFiles(paths);
  const { dataset } = await dataShown(tab, ({ dataset }) => dataset?.source === 'files');
  if (dataset?.jobs.includes(job)) return;
  throw new ClusterFailure(`${job} can't learn from ${paths.join(', ')} (${dataset?.description}).`);
}

/** Each path is one worker's: a file, or a folder with all that is in it. */
async function choosePrivately(room: Room, wanted: ClusterArguments): Promise<void> {
  const { data = [], job } = wanted;
  const workers = room.all.filter(({ role }) => role === 'worker');
  for (const path of data) checkReadable(path);
  await room.first.call('setPrivate', true);
  for (const [index, { tab }] of workers.entries()) {
    await dataShown(tab, ({ privacy }) => privacy.isPrivate);
    await chooseJob(tab, wanted);
    await chooseFiles(tab, job, [data[index] ?? '']);
  }
  // The start agrees on what every tab has told.
  await dataShown(room.first, ({ privacy }) => privacy.tabs.length === workers.length);
}

/** Until the page has loaded its data and they are as wanted. @throws ClusterFailure with the page's own words */
async function dataShown(tab: Tab, isWanted: (status: Status) => boolean): Promise<Status> {
  for await (const _ of every('look')) {
    const status = await tab.call('status');
    if (status.problem !== null) {
      const advice = status.problem.action === undefined ? '' : ' (--skip-bad-rows goes on without them)';
      throw new ClusterFailure(`${status.problem.text}${advice}`);
    }
    if (status.progress === null && status.dataset !== null && isWanted(status)) return status;
  }
  throw new RangeError('A timer ended.');
}
