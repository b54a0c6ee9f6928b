// `npm run cluster`: the page's own cluster, headless: for servers, scripts and experiments.
import { writeFileSync } from 'node:fs';
import { NoBrowser } from '../browsers/find.ts';
import { CannotDo } from '../browsers/tab.ts';
import { type ClusterArguments, isCommanderError, parseArguments } from './arguments.ts';
import { ClusterFailure } from './failure.ts';
import { builtPage, givenPage } from './page-build.ts';
import { ProgressLine } from './progress-line.ts';
import { type ClusterResult, resultOf, summaryOf } from './result.ts';
import { openRoom, type Room } from './room.ts';
import { train } from './training.ts';

const EXIT_INTERRUPTED = 130;

async function runCluster(wanted: ClusterArguments, onRoom: (room: Room) => void): Promise<ClusterResult> {
  const folder = wanted.page === undefined ? await builtPage() : givenPage(wanted.page);
  const room = await openRoom({ ...wanted, folder }, (text) => console.error(text));
  onRoom(room);
  try {
    const result = resultOf(
      wanted,
      await Promise.race([train(room, wanted, new ProgressLine(process.stdout)), room.trouble]),
    );
    console.log(summaryOf(result, room.browsers));
    return result;
  } finally {
    await room.close();
  }
}

/** Rejects when time is up, or when the user has had enough. */
function limits(seconds: number): Promise<never> {
  return new Promise((_, reject) => {
    const text = `Not done within ${seconds} s: raise --timeout, or look at the tabs with --headed.`;
    setTimeout(() => reject(new ClusterFailure(text)), seconds * 1000).unref();
    process.once('SIGINT', () => {
      process.exitCode = EXIT_INTERRUPTED;
      reject(new ClusterFailure('Interrupted.'));
    });
  });
}

async function main(): Promise<void> {
  const wanted = parseArguments(process.argv.slice(2));
  let room: Room | null = null;
  const run = runCluster(wanted, (opened) => {
    room = opened;
  });
  try {
    const result = await Promise.race([run, limits(wanted.timeout)]);
    if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    // Whatever it still waits for fails once the tabs are gone.
    run.catch(() => undefined);
    await (room as Room | null)?.close();
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    if (isCommanderError(error)) process.exit(error.exitCode);
    const isKnown = [ClusterFailure, NoBrowser, CannotDo].some((kind) => error instanceof kind);
    console.error(isKnown ? `Failed: ${(error as Error).message}` : error);
    process.exit(process.exitCode ?? 1);
  },
);
