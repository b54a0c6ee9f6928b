// A room of real tabs as a benchmark uses it: a run that never ends, its roles changed while it goes on, and its speed.
import { builtPage } from '../e2e/cluster/page-build.ts';
import { every } from '../e2e/cluster/periods.ts';
import { openRoom, type Room } from '../e2e/cluster/room.ts';
import { defaultsOf } from '../e2e/cluster/training.ts';
import type { Metrics } from '../src/protocol/control.ts';
import type { Ratio } from '../src/protocol/ratio.ts';
import type { StartRequest } from '../src/store/view.ts';

/** So many steps are never reached. */
const ENDLESS = 10_000_000;

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What is not as a plain run of the job has it. */
export interface LiveRun extends Partial<StartRequest> {
  readonly job: string;
  readonly options?: Record<string, unknown>;
  /** Data to train on; without, what the job makes itself. */
  readonly files?: readonly string[];
}

export class LiveRoom {
  private constructor(private readonly room: Room) {}

  /** At least one tab; who works and who serves is said by `setRatio`. */
  static async open(tabs: number): Promise<LiveRoom> {
    const settings = { workers: tabs, servers: 0, browser: 'chromium', headed: false, port: 0 } as const;
    return new LiveRoom(await openRoom({ ...settings, folder: await builtPage() }, (text) => console.error(text)));
  }

  close(): Promise<void> {
    return this.room.close();
  }

  /** Starts a run and waits until it moves. Nothing is evaluated on the way. */
  async start(ratio: Ratio, { job, options = {}, files, ...wish }: LiveRun): Promise<void> {
    const tab = this.room.first;
    await this.chooseData(job, files);
    const defaults = await defaultsOf(tab, job, options);
    const request: StartRequest = {
      ...{ job, ...defaults, replicas: 0, seed: 1 },
      ...{ consistency: { kind: 'bsp' }, filters: { kind: 'off' } },
      ...{ checkpoints: { steps: null, seconds: null }, ...wish, steps: ENDLESS },
    };
    await tab.call('setRatio', ratio);
    await tab.call('start', request, { options, evaluateEvery: ENDLESS });
    await this.metricsWhen(({ clock }) => clock > 2);
  }

  async stop(): Promise<void> {
    await this.room.first.call('stop');
    await this.until(async () => (await this.room.first.call('status')).run?.phase === 'stopped');
  }

  /** Resolves when so many tabs work and so many serve. */
  async setRatio(ratio: Ratio): Promise<void> {
    await this.room.first.call('setRatio', ratio);
    await this.metricsWhen(
      ({ nodes }) =>
        nodes.filter(({ isWorker }) => isWorker).length === ratio.workers &&
        nodes.filter(({ isServer }) => isServer).length === ratio.servers,
    );
  }

  /** The newest figures that are as wanted. */
  async metricsWhen(isSo: (metrics: Metrics) => boolean): Promise<Metrics> {
    let found: Metrics | null = null;
    await this.until(async () => {
      const { metrics } = await this.room.first.call('figures');
      if (metrics !== null && isSo(metrics)) found = metrics;
      return found !== null;
    });
    return found ?? this.metricsWhen(isSo);
  }

  /** Samples per second of about so many seconds. */
  async rate(seconds: number): Promise<number> {
    const before = await this.metricsWhen(() => true);
    await wait(seconds);
    const after = await this.metricsWhen((metrics) => metrics.seconds > before.seconds);
    return (after.samples - before.samples) / (after.seconds - before.seconds);
  }

  /** Samples per second of at least so many samples, and so many seconds. */
  async rateOver(samples: number, seconds: number): Promise<number> {
    const before = await this.metricsWhen(() => true);
    const isEnough = (metrics: Metrics) =>
      metrics.samples - before.samples >= samples && metrics.seconds - before.seconds >= seconds;
    const after = await this.metricsWhen(isEnough);
    return (after.samples - before.samples) / (after.seconds - before.seconds);
  }

  private async chooseData(job: string, files: readonly string[] | undefined): Promise<void> {
    const tab = this.room.first;
    await tab.call('chooseJob', job);
    const shows = async (isFile: boolean) => {
      const { dataset, progress, problem } = await tab.call('status');
      if (problem !== null) throw new Error(problem.text);
      return dataset?.jobs.includes(job) === true && progress === null && (!isFile || dataset.source === 'files');
    };
    await this.until(() => shows(false));
    if (files === undefined) return;
    await tab.chooseFiles(files);
    await this.until(() => shows(true));
  }

  private async until(isSo: () => Promise<boolean>): Promise<void> {
    for await (const _ of every('look')) if (await Promise.race([isSo(), this.room.trouble])) return;
  }
}
