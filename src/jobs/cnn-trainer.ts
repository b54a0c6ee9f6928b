// Trains the network of cnn-model.ts on images.
import { type CnnShape, cnnScores, cnnTables } from './cnn-model.ts';
import { DenseTrainer } from './dense-trainer.ts';
import { loadJax } from './jax.ts';
import type { Trainer } from './job.ts';

/** Images computed at once in an evaluation: bounds the patches held (128 of 28×28 are 7 MiB in the first convolution). */
const EVALUATION_ROWS = 128;

/** A trainer for images of one shape. */
export async function createCnnTrainer(shape: CnnShape): Promise<Trainer> {
  const jax = await loadJax();
  const { height, width, channels, classes } = shape;
  return new DenseTrainer(jax, {
    shapes: cnnTables(shape).map((table) => table.shape),
    inputs: height * width * channels,
    outputs: classes,
    rowsAtOnce: EVALUATION_ROWS,
    scores: cnnScores(jax, shape),
  });
}
