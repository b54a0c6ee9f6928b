// The built page: made when its sources are newer than it.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { ClusterFailure } from './failure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['src', 'workers', 'public', 'index.html', 'vite.config.ts', 'package-lock.json'];

/** Milliseconds since the epoch; 0 for what isn't there. */
function newest(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** The folder of the page, built now if it is missing or older than its sources. @throws ClusterFailure */
export async function builtPage(): Promise<string> {
  const folder = join(ROOT, 'dist');
  const sources = Math.max(...SOURCES.map((name) => newest(join(ROOT, name))));
  if (newest(join(folder, 'index.html')) >= sources) return folder;
  try {
    await build({ root: ROOT, logLevel: 'error' });
  } catch (error) {
    throw new ClusterFailure(`The page can't be built: ${error instanceof Error ? error.message : String(error)}`);
  }
  return folder;
}

/** @throws ClusterFailure where there is no page in the folder */
export function givenPage(folder: string): string {
  if (newest(join(folder, 'index.html')) > 0) return folder;
  throw new ClusterFailure(`--page: there is no built page (index.html) in ${folder}.`);
}
