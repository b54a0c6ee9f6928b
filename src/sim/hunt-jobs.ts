// A hunt over several processes: each runs a stretch of the seeds with the same command line, whoever is free the next one.
import { spawn } from 'node:child_process';

/** Stretches per process: enough that all end at about the same time, few enough that starting processes costs little. */
const STRETCHES = 4;

/** What became of a stretch of seeds. */
interface Outcome {
  readonly held: number;
  readonly failed: number;
}

/**
 * Runs seeds `first` to `first + seeds − 1`; prints what every process says of its failing histories.
 * @param command line of one process, without the seeds: program, then arguments
 */
export async function huntInJobs(
  jobs: number,
  first: number,
  seeds: number,
  command: readonly string[],
): Promise<Outcome> {
  const size = Math.max(1, Math.ceil(seeds / (jobs * STRETCHES)));
  let next = 0;
  let sum: Outcome = { held: 0, failed: 0 };
  const work = async () => {
    while (next < seeds) {
      const from = next;
      next += size;
      const count = Math.min(size, seeds - from);
      const { held, failed } = await huntStretch(first + from, count, command);
      sum = { held: sum.held + held, failed: sum.failed + failed };
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return sum;
}

function huntStretch(first: number, count: number, [program = '', ...args]: readonly string[]): Promise<Outcome> {
  const child = spawn(program, [...args, '--first-seed', String(first), '--seeds', String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const lines = text.trimEnd().split('\n');
      const found = /: (\d+) held, (\d+) failed/.exec(lines.pop() ?? '');
      if (found === null) return reject(new Error(`seeds from ${first}: the process ended with ${code} and no result`));
      if (lines.length > 0) console.log(lines.join('\n'));
      resolve({ held: Number(found[1]), failed: Number(found[2]) });
    });
  });
}
