// Facts about asking for predictions.
import { expect, test } from 'vitest';
import { type Answer, PredictLoop } from './predict-loop.ts';

/** A predict whose answers come when the test says so. */
function manual() {
  const asked: { image: Float32Array; answer(value: Float32Array): void; fail(error: Error): void }[] = [];
  const predict = (image: Float32Array) =>
    new Promise<Float32Array>((answer, fail) => {
      asked.push({ image, answer, fail });
    });
  return { asked, predict };
}

const image = (value: number) => Float32Array.of(value);
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

test('one question is in flight; of those that wait only the newest is asked', async () => {
  const { asked, predict } = manual();
  const answers: Answer[] = [];
  const loop = new PredictLoop(predict, (answer) => answers.push(answer));
  loop.ask(image(1));
  loop.ask(image(2));
  loop.ask(image(3));
  expect(asked.map((question) => question.image[0])).toEqual([1]);
  asked[0]?.answer(image(0.5));
  await settle();
  expect(asked.map((question) => question.image[0])).toEqual([1, 3]);
  expect(answers).toEqual([{ kind: 'probabilities', probabilities: image(0.5) }]);
});

test('an answer to something cleared is dropped, and asking goes on', async () => {
  const { asked, predict } = manual();
  const answers: Answer[] = [];
  const loop = new PredictLoop(predict, (answer) => answers.push(answer));
  loop.ask(image(1));
  loop.cancel();
  asked[0]?.answer(image(0.5));
  await settle();
  expect(answers).toEqual([]);
  loop.ask(image(2));
  expect(asked).toHaveLength(2);
});

test('a failure is an answer, not the end', async () => {
  const { asked, predict } = manual();
  const answers: Answer[] = [];
  const loop = new PredictLoop(predict, (answer) => answers.push(answer));
  loop.ask(image(1));
  asked[0]?.fail(new Error('no model yet'));
  await settle();
  expect(answers).toEqual([{ kind: 'error', text: 'no model yet' }]);
  loop.ask(image(2));
  expect(asked).toHaveLength(2);
});
