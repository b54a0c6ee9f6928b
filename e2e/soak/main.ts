// `npm run soak`: a long run in real tabs, with a random fault every few seconds.
import { writeFileSync } from 'node:fs';
import { isCommanderError } from '../cluster/arguments.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { builtPage, givenPage } from '../cluster/page-build.ts';
import { openRoom, type Room } from '../cluster/room.ts';
import { parseSoakArguments, type SoakArguments } from './arguments.ts';
import { runCalm } from './calm.ts';
import { compareScores, complaintsOf, type ScoreCurve, type SoakResult, summaryOf } from './result.ts';
import { Soak } from './soak.ts';

async function inRoom<T>(wanted: SoakArguments, folder: string, work: (room: Room) => Promise<T>): Promise<T> {
  const room = await openRoom({ ...wanted.run, folder }, (text) => console.error(text));
  try {
    return await Promise.race([work(room), room.trouble]);
  } finally {
    await room.close();
  }
}

async function soak(wanted: SoakArguments, argv: readonly string[]): Promise<SoakResult> {
  const { page } = wanted.run;
  const folder = page === undefined ? await builtPage() : givenPage(page);
  const none: ScoreCurve = { step: [], value: [] };
  const calm = wanted.calm === 0 ? none : await inRoom(wanted, folder, (room) => runCalm(room, wanted));
  const { score, ...result } = await inRoom(wanted, folder, (room) => new Soak(room, wanted).run());
  const replay = `npm run soak -- ${argv.join(' ')}${argv.includes('--seed') ? '' : ` --seed ${wanted.seed}`}`;
  return { seed: wanted.seed, minutes: wanted.minutes, replay, accuracy: compareScores(calm, score), ...result };
}

async function main(argv: readonly string[]): Promise<void> {
  const wanted = parseSoakArguments(argv);
  const result = await soak(wanted, argv);
  const complaints = complaintsOf(result);
  if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify({ ...result, complaints }, null, 2)}\n`);
  console.log(summaryOf(result));
  for (const complaint of complaints) console.error(`Not as it must be: ${complaint}.`);
  if (complaints.length > 0) process.exitCode = 1;
}

const argv = process.argv.slice(2);
main(argv).then(
  () => process.exit(),
  (error: unknown) => {
    if (isCommanderError(error)) process.exit(error.exitCode);
    console.error(error instanceof ClusterFailure ? `Failed: ${error.message}` : error);
    console.error(`Again: npm run soak -- ${argv.join(' ')}`);
    process.exit(1);
  },
);
