// The step of digits-mlp on TF.js with its wasm backend, in a worker: parameters in, forward, backward, gradients out, as a worker
// of a parameter server needs it.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { expose } from 'comlink';
import { Random } from '../../src/random.ts';
import { msPerStep } from './timing.ts';

export class TfjsSteps {
  private values: Float32Array[] = [];
  private sizes: readonly number[] = [];
  private batch = 0;
  private x = new Float32Array(0);
  private y = new Float32Array(0);

  /** A model of these layer sizes and a batch for it. @returns the backend that computes */
  async prepare(sizes: readonly number[], batch: number): Promise<string> {
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain,
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded,
    });
    await tf.setBackend('wasm');
    await tf.ready();
    const random = new Random(1);
    const uniform = (length: number) => Float32Array.from({ length }, () => random.unit() * 0.1 - 0.05);
    const [inputs = 0] = sizes;
    const classes = sizes.at(-1) ?? 0;
    this.sizes = sizes;
    this.batch = batch;
    this.values = sizes.slice(1).flatMap((outputs, at) => [uniform((sizes[at] ?? 0) * outputs), uniform(outputs)]);
    this.x = Float32Array.from({ length: batch * inputs }, () => random.unit());
    this.y = new Float32Array(batch * classes);
    for (let row = 0; row < batch; row++) this.y[row * classes + random.below(classes)] = 1;
    return tf.getBackend();
  }

  /** Milliseconds of a step. */
  gradient(leastMs: number): Promise<number> {
    return msPerStep(() => this.step(), leastMs);
  }

  private async step(): Promise<void> {
    const { sizes, batch } = this;
    const shapeOf = (at: number): number[] => {
      const outputs = sizes[(at >> 1) + 1] ?? 0;
      return at % 2 === 0 ? [sizes[at >> 1] ?? 0, outputs] : [outputs];
    };
    const parameters = this.values.map((values, at) => tf.tensor(values, shapeOf(at)));
    const x = tf.tensor2d(this.x, [batch, sizes[0] ?? 0]);
    const y = tf.tensor2d(this.y, [batch, sizes.at(-1) ?? 0]);
    const loss = (...tensors: tf.Tensor[]): tf.Scalar => {
      let activations: tf.Tensor = x;
      for (let at = 0; at < tensors.length; at += 2) {
        const [weights, biases] = tensors.slice(at, at + 2) as [tf.Tensor2D, tf.Tensor1D];
        const input = (at === 0 ? activations : tf.relu(activations)) as tf.Tensor2D;
        activations = tf.add(tf.matMul(input, weights), biases);
      }
      return tf.reshape(tf.losses.softmaxCrossEntropy(y, activations), []);
    };
    const { value, grads } = tf.valueAndGrads(loss)(parameters);
    await value.data();
    for (const gradient of grads) await gradient.data();
    tf.dispose([...parameters, x, y, value, ...grads]);
  }
}

expose(new TfjsSteps());
