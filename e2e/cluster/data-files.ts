// The files of --train and --test, under names that say which is which: that is how the page tells them apart.
import { accessSync, constants, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Split } from '../../src/data/dataset.ts';
import { splitFromName } from '../../src/data/file-format.ts';
import { ClusterFailure } from './failure.ts';

export interface DataFiles {
  readonly paths: readonly string[];
  dispose(): void;
}

/** @throws ClusterFailure */
export function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new ClusterFailure(`${path}: there is no such file, or it can't be read.`);
  }
}

/** @throws ClusterFailure for a file that can't be read */
export function dataFiles(train: readonly string[], test: readonly string[]): DataFiles {
  const files: { path: string; split: Split }[] = [
    ...train.map((path) => ({ path: resolve(path), split: 'train' as const })),
    ...test.map((path) => ({ path: resolve(path), split: 'test' as const })),
  ];
  for (const { path } of files) checkReadable(path);
  const saySo = files.every(({ path, split }) => test.length === 0 || splitFromName(basename(path)) === split);
  if (saySo) return { paths: files.map(({ path }) => path), dispose: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'pushpull-data-'));
  const paths = files.map(({ path, split }, index) => {
    const isZipped = path.endsWith('.gz');
    const link = join(folder, `${split}-${index}${isZipped ? '.gz' : ''}`);
    symlinkSync(path, link);
    return link;
  });
  return { paths, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
