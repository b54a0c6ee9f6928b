// The data of the next run, as a page handles them: made, read from files, read again with corrections, or those of a run that
// another tab started.
import type { ViewStore } from '../store/store.ts';
import type { DataSettingsView, ProblemView, RunView } from '../store/view.ts';
import type { DatasetSummary } from './dataset-summary.ts';
import type { LoadOutcome } from './own-data.ts';
import type { SessionMemory } from './session-memory.ts';
import type { ViewWriter } from './view-writer.ts';
import type { WorkerHandles } from './worker-handles.ts';

const DEFAULT_SETTINGS: DataSettingsView = {
  skipBadRows: false,
  table: { delimiter: null, target: null, kinds: {} },
  imageSide: null,
  column: null,
};

const KEPT = 'The data chosen before are kept.';

export class PageData {
  /** Null until the first are ready. */
  current: DatasetSummary | null = null;
  /** What was dropped last, and what was said about it. */
  private files: readonly File[] = [];
  private settings: DataSettingsView = DEFAULT_SETTINGS;
  /** The job that files were read for last. */
  private readFor = '';
  /** What files are read with at first. */
  private preset: DataSettingsView = DEFAULT_SETTINGS;
  /** Counts what was asked for: an answer to an older question is dropped. */
  private asked = 0;

  /** @param onNew is told of data that were chosen here, or came with a run */
  constructor(
    private readonly store: ViewStore,
    private readonly workers: WorkerHandles,
    private readonly view: ViewWriter,
    private readonly memory: SessionMemory,
    private readonly complain: (text: string, advice: string, action?: ProblemView['action']) => void,
    private readonly onNew: (data: DatasetSummary) => void,
  ) {}

  /** What this tab had before it was loaded again, or generated data. */
  async begin(): Promise<void> {
    const kept = this.memory.kept();
    if (kept === null) return this.generate(null);
    const question = this.ask('Looking for this tab’s data');
    const found = await this.workers.restoreData(kept).catch(() => null);
    if (question !== this.asked) return;
    this.store.setState({ progress: null });
    if (found === null) return this.generate(null);
    if (found.dropped !== null) ({ files: this.files, settings: this.settings } = found.dropped);
    this.readFor = kept.job;
    this.store.setState({ job: kept.job });
    this.adopt(found);
  }

  /** The job has changed: data that it can't learn from are made anew, files of which it needs another part read anew. */
  fit(job: string): void {
    const { current } = this;
    if (current === null || !current.view.jobs.includes(job) || current.view.source === 'generated') {
      this.generate(null);
    } else if (current.dropped !== null && this.isStream(job) !== this.isStream(this.readFor)) {
      this.readFiles();
    }
  }

  generate(samples: { train: number; test: number } | null): void {
    const { job } = this.store.getState();
    this.memory.keep(null);
    void this.show('Making data', async (isNewest) => {
      const data = await this.workers.generateData(job, samples);
      if (isNewest()) this.adopt(data);
    });
  }

  read(files: readonly File[]): void {
    this.files = files;
    this.settings = this.preset;
    this.readFiles();
  }

  /** Reads the same files again. */
  correct(settings: Partial<DataSettingsView>): void {
    this.settings = { ...this.settings, ...settings };
    this.readFiles();
  }

  /** For scripts: what the next files are read with. */
  presetSettings(settings: Partial<DataSettingsView>): void {
    this.preset = { ...DEFAULT_SETTINGS, ...settings };
  }

  cancel(): void {
    void this.workers.cancelLoading();
  }

  /** A run that another tab started, on other data than this tab's: shows them, and trains on them if asked to. */
  async follow(run: RunView): Promise<void> {
    // What this tab has is its own: nobody else's data come here.
    if (run.isPrivate) return this.store.setState({ job: run.job });
    const question = ++this.asked;
    try {
      const data = await this.workers.summary();
      if (question !== this.asked) return;
      this.store.setState({ job: run.job });
      this.adopt(data);
    } catch (error) {
      this.view.note('info', `This tab can't show the run's data: ${messageOf(error)}`);
    }
  }

  /** Nothing more comes from the room: what was under way is dropped. */
  end(): void {
    this.asked++;
  }

  private readFiles(): void {
    const question = this.asked + 1;
    const onProgress = (label: string, fraction: number | null) => {
      if (question === this.asked) this.store.setState({ progress: { label, fraction, canCancel: true } });
    };
    const { job } = this.store.getState();
    this.readFor = job;
    void this.show('Reading files', async (isNewest) => {
      const outcome = await this.workers.loadFiles(this.files, job, this.settings, onProgress);
      if (isNewest()) this.take(outcome);
    });
  }

  private take(outcome: LoadOutcome): void {
    switch (outcome.kind) {
      case 'loaded':
        this.memory.keep(outcome.kept);
        return this.adopt(outcome.summary);
      case 'bad-rows': {
        const { rows, isPictures, sentence } = outcome;
        return this.complain(sentence, KEPT, { kind: 'skip-bad-rows', rows, isPictures });
      }
      case 'cancelled':
        return this.view.note('info', `Reading was cancelled. ${KEPT}`);
      default:
        outcome satisfies never;
    }
  }

  private isStream(job: string): boolean {
    return this.store.getState().jobs.find(({ name }) => name === job)?.isStream ?? false;
  }

  private ask(label: string): number {
    this.store.setState({ progress: { label, fraction: null }, problem: null });
    return ++this.asked;
  }

  private async show(label: string, work: (isNewest: () => boolean) => Promise<void>): Promise<void> {
    const question = this.ask(label);
    const isNewest = () => question === this.asked;
    try {
      await work(isNewest);
    } catch (error) {
      if (isNewest()) this.complain(messageOf(error), KEPT);
    } finally {
      if (isNewest()) this.store.setState({ progress: null });
    }
  }

  private adopt(data: DatasetSummary): void {
    this.current = data;
    this.onNew(data);
    const { job } = this.store.getState();
    const [first] = data.view.jobs;
    this.store.setState({
      dataset: data.view,
      job: data.view.jobs.includes(job) || first === undefined ? job : first,
      jobs: [...data.jobs],
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
