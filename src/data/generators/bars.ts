// Griffiths and Steyvers' bars ("Finding scientific topics", PNAS 2004, figure 1): documents are 5×5 images whose "words" are
// pixels; each topic is a row or a column of them, and a document mixes topics. Only exact operations.
import { hash32, Random } from '../../random.ts';
import type { Generator, Split } from '../dataset.ts';
import { type CountedDocument, countWords } from '../documents.ts';
import { SPLIT_SEEDS } from './blocks-of.ts';
import { documentsGenerator } from './documents-of.ts';

export const BARS_DOCUMENTS = { train: 2_000, test: 400 };
/** Pixels along an edge: 2 × SIDE bars are the topics. */
export const SIDE = 5;
/** Words of a document. */
const LENGTH = 100;

/** The pixel of a bar: rows first, then columns. */
export const barPixel = (bar: number, at: number): number => (bar < SIDE ? bar * SIDE + at : at * SIDE + bar - SIDE);

/** Topic mixture, uniform over all mixtures (Dirichlet of ones): the gaps between sorted uniform numbers. */
function drawMixture(random: Random): Float64Array {
  const cuts = Float64Array.from({ length: 2 * SIDE - 1 }, () => random.unit()).sort();
  return Float64Array.from({ length: 2 * SIDE }, (_, bar) => (cuts[bar] ?? 1) - (cuts[bar - 1] ?? 0));
}

function drawDocument(random: Random): CountedDocument {
  const mixture = drawMixture(random);
  const words = Array.from({ length: LENGTH }, () => {
    let rest = random.unit();
    let bar = 0;
    while (bar < 2 * SIDE - 1 && rest >= (mixture[bar] ?? 0)) rest -= mixture[bar++] ?? 0;
    return barPixel(bar, random.below(SIDE));
  });
  return countWords(words);
}

/** A generator of `samples` documents of 100 pixels. */
export function barsGenerator(seed: number, samples: Readonly<Record<Split, number>> = BARS_DOCUMENTS): Generator {
  return documentsGenerator(
    { name: 'generated bars', words: SIDE * SIDE, vocabulary: [], isText: false, picture: [SIDE, SIDE] },
    samples,
    LENGTH,
    (split, index) => drawDocument(new Random(hash32(seed, SPLIT_SEEDS[split], index))),
  );
}
