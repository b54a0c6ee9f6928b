// Every job there is. A new one is a file in this folder and a line here.
import { z } from 'zod';
import { charLm } from './char-lm.ts';
import { countMin } from './count-min.ts';
import { digitsCnn } from './digits-cnn.ts';
import { digitsMlp } from './digits-mlp.ts';
import { BadOptions } from './errors.ts';
import { imageFolder } from './image-folder.ts';
import type { Job } from './job.ts';
import { lda } from './lda.ts';
import { matrixFactorization } from './matrix-factorization.ts';
import { sparseLogistic } from './sparse-logistic.ts';
import { tabular } from './tabular.ts';

export const jobs: readonly Job[] = [
  digitsMlp,
  digitsCnn,
  sparseLogistic,
  charLm,
  lda,
  countMin,
  matrixFactorization,
  tabular,
  imageFolder,
];

/** A name that no job has. */
export class UnknownJob extends Error {
  override name = 'UnknownJob';
  constructor(name: string) {
    super(`There is no job "${name}". There is: ${jobs.map((job) => job.name).join(', ')}.`);
  }
}

/** @throws UnknownJob */
export function findJob(name: string): Job {
  const found = jobs.find((job) => job.name === name);
  if (found === undefined) throw new UnknownJob(name);
  return found;
}

/** What a person asked for, with the job's own values where that is nothing. @throws BadOptions */
export function parseOptions(job: Job, given: Record<string, unknown>): unknown {
  const parsed = job.options.safeParse(given);
  if (!parsed.success)
    throw new BadOptions(`The options of ${job.name} are not right.\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
