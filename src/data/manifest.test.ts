import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCKS } from '../protocol/limits.ts';
import type { Manifest } from './dataset.ts';
import { MAX_MANIFEST_BYTES } from './limits.ts';
import { decodeManifest, encodeManifest } from './manifest.ts';

const hash = 'ab'.repeat(32);
const manifest: Manifest = {
  meta: { kind: 'dense', name: 'digits', samples: { train: 5, test: 2 }, features: 6, shape: [2, 3], classes: 10 },
  blocks: {
    train: [
      { hash, samples: 3, bytes: 100 },
      { hash, samples: 2, bytes: 90 },
    ],
    test: [{ hash, samples: 2, bytes: 90 }],
  },
};
const sparse: Manifest = {
  meta: { kind: 'sparse', name: 'clicks', samples: { train: 1, test: 0 }, features: 6, classes: 2 },
  blocks: { train: [{ hash, samples: 1, bytes: 9 }], test: [] },
};

const asBytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('a manifest as bytes', () => {
  it('comes back as it went', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    expect(decodeManifest(encodeManifest(sparse))).toEqual(sparse);
  });

  it('does not depend on the order its fields were written in', () => {
    const [entry] = manifest.blocks.test;
    const { meta, blocks } = manifest;
    const shuffled: Manifest = {
      blocks: { test: [{ bytes: 90, hash, samples: entry?.samples ?? 0 }], train: blocks.train },
      meta: { ...meta, samples: { test: 2, train: 5 } },
    };
    expect(encodeManifest(shuffled)).toEqual(encodeManifest(manifest));
  });

  it('of the most blocks allowed fits its limit, and one more is refused', () => {
    const entry = { hash, samples: 0xffff, bytes: MAX_BLOCK_BYTES };
    const of = (blocks: number): Manifest => ({
      meta: { ...sparse.meta, samples: { train: blocks * 0xffff, test: 0 } },
      blocks: { train: Array.from({ length: blocks }, () => entry), test: [] },
    });
    const bytes = encodeManifest(of(MAX_BLOCKS));
    expect(decodeManifest(bytes).blocks.train).toHaveLength(MAX_BLOCKS);
    expect(() => decodeManifest(encodeManifest(of(MAX_BLOCKS + 1)))).toThrow(MalformedBytes);
  });
});

describe('what is not a manifest is refused, by the name of the field', () => {
  const { meta, blocks } = manifest;
  const train = (entry: object) => ({ meta, blocks: { ...blocks, train: [{ hash, samples: 5, bytes: 9, ...entry }] } });
  it.each<[string, Uint8Array, RegExp]>([
    ['not JSON', new TextEncoder().encode('{'), /not JSON/],
    ['not UTF-8', Uint8Array.of(0xff), /not JSON/],
    ['too long', new Uint8Array(MAX_MANIFEST_BYTES + 1), /bytes/],
    ['a short hash', asBytes(train({ hash: 'ab' })), /blocks\.train\.0\.hash/],
    ['an upper-case hash', asBytes(train({ hash: hash.toUpperCase() })), /blocks\.train\.0\.hash/],
    ['a block over the limit', asBytes(train({ bytes: MAX_BLOCK_BYTES + 1 })), /blocks\.train\.0\.bytes/],
    ['a block without samples', asBytes(train({ samples: 0 })), /blocks\.train\.0\.samples/],
    ['samples that do not add up', asBytes(train({ samples: 4 })), /add up/],
    ['test samples that do not add up', asBytes({ meta, blocks: { ...blocks, test: [] } }), /add up/],
    ['an unknown field', asBytes(train({ more: 1 })), /blocks\.train\.0/],
    ['a shape that does not multiply', asBytes({ meta: { ...meta, features: 7 }, blocks }), /shape/],
    ['one class', asBytes({ meta: { ...meta, classes: 1 }, blocks }), /meta\.classes/],
    ['a million classes', asBytes({ meta: { ...meta, classes: 1_000_000 }, blocks }), /meta\.classes/],
    ['another kind', asBytes({ meta: { ...meta, kind: 'graph' }, blocks }), /meta\.kind/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeManifest(bytes)).toThrow(MalformedBytes);
    expect(() => decodeManifest(bytes)).toThrow(message);
  });

  it('any JSON or bytes', () => {
    const inputs = fc.oneof(
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(inputs, (bytes) => {
        expect(() => decodeManifest(bytes)).toThrow(MalformedBytes);
      }),
    );
  });
});
