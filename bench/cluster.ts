// `npm run cluster` as a benchmark runs it: real tabs, and what it came to.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterResult } from '../e2e/cluster/result.ts';

const MAIN = fileURLToPath(new URL('../e2e/cluster/main.ts', import.meta.url));

/** @throws Error with the command and what it said where it failed */
export async function runCluster(args: readonly string[]): Promise<ClusterResult> {
  const folder = mkdtempSync(join(tmpdir(), 'pushpull-bench-'));
  const json = join(folder, 'result.json');
  try {
    const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args, '--json', json], { stdio: 'pipe' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said = (said + bytes.toString()).slice(-2000);
      });
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`npm run cluster -- ${args.join(' ')} failed:\n${said}`);
    // Written by this very checkout's command line, a moment ago.
    return JSON.parse(readFileSync(json, 'utf8')) as ClusterResult;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
