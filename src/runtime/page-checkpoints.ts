// Checkpoints as a page handles them: keeps each new one through the trainer worker, shows what is kept, and starts runs
// that go on from one.
import type { Request, RunHistory } from '../protocol/control.ts';
import { scheduleAt } from '../ps/consistency.ts';
import type { ViewStore } from '../store/store.ts';
import type { KeptCheckpointView } from '../store/view.ts';
import type { KeptCheckpoint, OpenedCheckpoint } from './checkpoint-keeper.ts';
import type { ViewWriter } from './view-writer.ts';
import type { WorkerHandles } from './worker-handles.ts';

/** How long a checkpoint that was asked for may take: a step, the reports, and the fetching of its parts. */
const TAKE_TIMEOUT_MS = 20_000;

export class PageCheckpoints {
  /** While one is being kept, the next ones wait: only the newest of them is kept then. */
  private isSaving = false;
  private waiting: RunHistory | null = null;

  constructor(
    private readonly store: ViewStore,
    private readonly workers: WorkerHandles,
    private readonly view: ViewWriter,
    private readonly request: (request: Request) => void,
  ) {
    view.onCheckpoint = (history) => void this.save(history);
    workers.keptCheckpoint().then(
      (kept) => this.show(kept),
      (error: unknown) => view.note('warning', `Earlier checkpoints can't be read: ${messageOf(error)}`),
    );
  }

  /** The time of a new run's start: after that of every run that this browser keeps something of. */
  nextStart(): number {
    return Math.max(Date.now(), (this.store.getState().checkpoint?.startedAt ?? 0) + 1);
  }

  /** Starts a run that goes on from a file, or from what this browser keeps. @throws CheckpointFailure */
  async resume(file: File | null): Promise<void> {
    const { info, parts }: OpenedCheckpoint = await this.workers.openCheckpoint(file);
    const { plan, clock, schedule, history } = info;
    const startedAt = Math.max(this.nextStart(), plan.startedAt + 1);
    const { consistency, learningRate } = scheduleAt(schedule, clock + 1);
    const resumed = { ...plan, run: 0, startedAt, from: { clock, parts, schedule } };
    this.request({ ask: 'start', plan: resumed, consistency, learningRate, history });
  }

  /** A checkpoint of now where training can be asked for one, else the newest. @throws CheckpointFailure */
  async take(): Promise<{ step: number; bytes: Uint8Array }> {
    const { run, checkpoint } = this.store.getState();
    const isLive = run !== null && ['running', 'paused', 'finishing', 'finished'].includes(run.phase);
    const isNewest = checkpoint?.startedAt === run?.startedAt && checkpoint?.step === run?.clock;
    if (isLive && !isNewest) {
      this.request({ ask: 'checkpoint' });
      await this.nextKept();
    }
    return this.newest();
  }

  /** The newest that this browser keeps. @throws CheckpointFailure where there is none */
  newest(): Promise<{ step: number; bytes: Uint8Array }> {
    return this.workers.checkpointFile();
  }

  /** Until another checkpoint is kept, or it takes too long: then the newest there is will do. */
  private nextKept(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, TAKE_TIMEOUT_MS);
      const stop = this.store.subscribe(({ checkpoint }, before) => {
        if (checkpoint !== before.checkpoint) done();
      });
    });
  }

  private async save(history: RunHistory): Promise<void> {
    this.waiting = history;
    if (this.isSaving) return;
    this.isSaving = true;
    while (this.waiting !== null) {
      const next = this.waiting;
      this.waiting = null;
      await this.workers.saveCheckpoint(next).then(
        (kept) => this.show(kept),
        (error: unknown) => this.tell(messageOf(error)),
      );
    }
    this.isSaving = false;
  }

  private tell(problem: string): void {
    const { checkpoint } = this.store.getState();
    const advice = checkpoint === null ? '' : ` The one of step ${checkpoint.step} is kept.`;
    this.view.note('warning', `${problem}${advice}`);
  }

  private show(kept: KeptCheckpoint | null): void {
    if (kept === null) return;
    const before = this.store.getState().checkpoint;
    if (!kept.isLasting && before === null && kept.reason !== null) {
      this.view.note('info', `Checkpoints are kept until this tab is closed. ${kept.reason}`);
    }
    this.store.setState({ checkpoint: viewOf(kept) });
  }
}

function viewOf({ info, bytes, isLasting, reason }: KeptCheckpoint): KeptCheckpointView {
  const { plan, clock, workers, savedAt } = info;
  const { startedAt, steps, title, data } = plan;
  return { startedAt, step: clock + 1, steps, title, data: data.name, workers, savedAt, bytes, isLasting, reason };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
