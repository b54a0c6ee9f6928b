// Checkpoints of `npm run cluster`: a file to go on from, and a file that is written on the way and at the end.
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '../../src/store/view.ts';
import type { Tab } from '../browsers/tab.ts';
import { ClusterFailure } from './failure.ts';
import { every } from './periods.ts';

/** Has the page go on from a file. @returns the run as it was before. @throws ClusterFailure with the page's own words */
export async function resumeFrom(tab: Tab, path: string): Promise<RunView> {
  if (!existsSync(path)) throw new ClusterFailure(`${path}: there is no such file.`);
  // The page knows a checkpoint by its name.
  const folder = mkdtempSync(join(tmpdir(), 'pushpull-'));
  const copy = join(folder, 'checkpoint.safetensors');
  copyFileSync(path, copy);
  try {
    await tab.chooseFiles([copy]);
    for await (const _ of every('look')) {
      const { problem, run } = await tab.call('status');
      if (problem !== null) throw new ClusterFailure(`${path}: ${problem.text}`);
      if (run !== null) return run;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  throw new RangeError('A timer ended.');
}

/** Writes each newer checkpoint over the one before: a reader finds a whole one at any time. */
export class CheckpointWriter {
  private written = 0;

  constructor(
    private readonly tab: Tab,
    private readonly path: string | undefined,
  ) {}

  /** The newest that the tabs keep, where it hasn't been written. */
  async writeKept(): Promise<void> {
    if (this.path === undefined) return;
    const { checkpoint, run } = await this.tab.call('status');
    if (checkpoint === null || checkpoint.startedAt !== run?.startedAt || checkpoint.step <= this.written) return;
    this.write(await this.tab.call('checkpoint', 'kept'));
  }

  /** One of now. */
  async writeLast(): Promise<void> {
    if (this.path !== undefined) this.write(await this.tab.call('checkpoint'));
  }

  private write({ step, base64 }: { step: number; base64: string }): void {
    if (this.path === undefined || step <= this.written) return;
    writeFileSync(`${this.path}.part`, Buffer.from(base64, 'base64'));
    renameSync(`${this.path}.part`, this.path);
    this.written = step;
  }
}
