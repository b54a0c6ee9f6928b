import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { CLASSIFIER_MEASURES } from '../protocol/measures.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, NotACheckpoint } from './checkpoint-file.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const split = { samples: 100, blockSamples: 50, blocks: 2 };

/** A table of 2 × 2 with one slot, and one of a single value with none. */
const whole: Checkpoint = {
  info: {
    version: 1,
    plan: {
      run: 3,
      job: 'digits-mlp',
      title: 'Handwritten digits',
      measures: CLASSIFIER_MEASURES,
      options: { hidden: [16] },
      seed: 7,
      batch: 10,
      steps: 100,
      updater: { kind: 'sgd' },
      replicas: 1,
      tables: [
        { name: 'w', keys: 2, width: 2, init: { kind: 'zeros' }, shape: [2, 2] },
        { name: 'b', keys: 1, width: 1, init: { kind: 'zeros' }, shape: [1] },
      ],
      data: { name: 'digits', train: split, test: split, source: { kind: 'generated', seed: 1, samples: null } },
      evaluateEvery: 10,
      lossEvery: 1,
      checkpoint: { steps: 50, seconds: null },
      startedAt: 1_000,
      from: null,
    },
    schedule: [{ fromClock: 0, consistency: { kind: 'bsp' }, learningRate: 0.1 }],
    clock: 49,
    workers: 2,
    savedAt: 2_000,
    history: { seconds: 1.5, loss: [[0, 10, 0.1, 2.3]], accuracy: [] },
    segments: [
      { version: 50, floor: 49, ahead: [[2, 50]], scalars: [0.1 ** 30, 1 / 3] },
      { version: 50, floor: 49, ahead: [], scalars: [] },
    ],
  },
  tables: [
    { values: Float32Array.of(1, 2, -0, 1e-40), slots: [Float32Array.of(5, 6, 7, 8)] },
    { values: Float32Array.of(9), slots: [] },
  ],
};

describe('a checkpoint file', () => {
  it('comes back as it went, to the last bit', () => {
    expect(decodeCheckpoint(encodeCheckpoint(whole))).toEqual(whole);
  });

  it('is safetensors, with the tables by their names and shapes and the updater’s state beside them', () => {
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(whole));
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['w', [2, 2]],
      ['w.slot.0', [2, 2]],
      ['b', [1]],
    ]);
    expect(metadata.get('format')).toBe('pushpull');
    expect(metadata.get('job')).toBe('digits-mlp');
  });

  it('is told from a file with parameters alone', () => {
    const parameters = encodeSafetensors([{ name: 'w', shape: [1], values: Float32Array.of(1) }], {
      format: 'pushpull',
    });
    expect(() => decodeCheckpoint(parameters)).toThrow(NotACheckpoint);
  });

  it('is refused with any byte changed, wherever that is, and cut off anywhere', () => {
    const bytes = encodeCheckpoint(whole);
    const damaged = fc
      .tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean())
      .map(([at, change, isCut]) => (isCut ? bytes.subarray(0, at) : bytes.with(at, (bytes[at] ?? 0) ^ change)));
    fc.assert(
      fc.property(damaged, (file) => {
        try {
          // Spaces of the header, and names of what isn't needed, are the only bytes that don't matter.
          expect(decodeCheckpoint(file)).toEqual(whole);
        } catch (error) {
          if (!(error instanceof MalformedBytes || error instanceof NotACheckpoint)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused where the plan contradicts itself about a table’s size', () => {
    const tables = whole.info.plan.tables.map((table) => ({ ...table, keys: table.keys + 1 }));
    const plan = { ...whole.info.plan, tables };
    const file = encodeCheckpoint({ ...whole, info: { ...whole.info, plan } });
    expect(() => decodeCheckpoint(file)).toThrow(/^checkpoint plan\.tables: The shape of/);
  });
});
