// What the try-it panel of a text model asks: text that goes on from a prompt.
import { z } from 'zod';
import { Random } from '../random.ts';
import { indexOfMax } from './softmax.ts';

/** Bounds on one request: each character costs a forward pass, in the thread that trains. */
const MAX_PROMPT = 512;
const MAX_GENERATED = 400;

const request = z.strictObject({
  prompt: z.string().max(MAX_PROMPT),
  /** Characters to write. */
  length: z.number().int().min(1).max(MAX_GENERATED),
  /** 0 takes the likeliest character; 1 draws as the model says; more is wilder. */
  temperature: z.number().min(0).max(4),
  seed: z.number().int().min(0).max(0xffff_ffff),
});

export type TextRequest = z.infer<typeof request>;

export interface GeneratedText {
  /** What was understood of the prompt: characters that the text never had are left out. */
  readonly prompt: string;
  readonly text: string;
}

/** Scores of the character after the first `length` of a window that is filled up with anything. */
export type NextScores = (window: Uint8Array, length: number) => Promise<Float32Array>;

/**
 * Writes on from the prompt, or from a line's start. The model sees the last `context` characters.
 * @throws ZodError where the request isn't one
 */
export async function generateText(
  unknownRequest: unknown,
  characters: readonly string[],
  context: number,
  scoresAfter: NextScores,
): Promise<GeneratedText> {
  const { prompt, length, temperature, seed } = request.parse(unknownRequest);
  const numbers = new Map(characters.map((character, number) => [character, number]));
  const known = [...prompt].filter((character) => numbers.has(character));
  const written = known.map((character) => numbers.get(character) ?? 0);
  // It has to begin with something: the line end, where there is one, is what lines begin after.
  if (written.length === 0) written.push(numbers.get('\n') ?? 0);
  const start = written.length;
  const random = new Random(seed);
  while (written.length < start + length) {
    const seen = written.slice(-context);
    const window = new Uint8Array(context);
    window.set(seen);
    written.push(sample(await scoresAfter(window, seen.length), temperature, random));
  }
  const text = written.slice(start).map((number) => characters[number] ?? '');
  return { prompt: known.join(''), text: text.join('') };
}

/** A class drawn with probability ∝ exp(score / temperature). */
export function sample(scores: Float32Array, temperature: number, random: Random): number {
  const best = indexOfMax(scores);
  if (temperature === 0) return best;
  const top = scores[best] as number;
  const weights = Float64Array.from(scores, (score) => Math.exp((score - top) / temperature));
  let left = random.unit() * weights.reduce((a, b) => a + b, 0);
  for (let at = 0; at < weights.length; at++) {
    left -= weights[at] as number;
    if (left < 0) return at;
  }
  return best;
}
