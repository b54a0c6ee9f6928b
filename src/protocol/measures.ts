// What the curves of a run are: said by its job, carried by its plan, so that a page can show a run without knowing the job.
import { z } from 'zod';

const curveName = z.string().min(1).max(100);

const scoreSchema = z.object({
  name: curveName,
  format: z.enum(['percent', 'number']),
  isHigherBetter: z.boolean(),
  /** The score is a sum of logarithms: people are shown exp(score / samples), as of a perplexity. */
  isLogarithm: z.boolean().optional(),
  /** The score is a sum of squares: people are shown √(score / samples), as of a root mean squared error. */
  isSquare: z.boolean().optional(),
});

export const measuresSchema = z.object({
  /** The loss of a batch, per sample: lower is better. */
  loss: z.object({ name: curveName }),
  /** The mean score of evaluated samples; null for a job that has none. */
  score: scoreSchema.nullable(),
});

export type Measures = z.infer<typeof measuresSchema>;

/** Measures of a job that says nothing of its own. */
export const CLASSIFIER_MEASURES: Measures = {
  loss: { name: 'Loss' },
  score: { name: 'Test accuracy', format: 'percent', isHigherBetter: true },
};
