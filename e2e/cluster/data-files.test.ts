// Names under which the page gets the files of --train and --test.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dataFiles } from './data-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'pushpull-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function make(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, name);
  return path;
}

describe('the files of the command line', () => {
  it('keep their names where these say what they are for', () => {
    const paths = [make('train-images'), make('t10k-images')];
    expect(dataFiles(paths.slice(0, 1), paths.slice(1)).paths).toEqual(paths);
  });

  it('are linked under names that do, where these do not', () => {
    const files = dataFiles([make('one.gz')], [make('two')]);
    expect(files.paths.map((path) => basename(path))).toEqual(['train-0.gz', 'test-1']);
    expect(files.paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['one.gz', 'two']);
    files.dispose();
    expect(() => readFileSync(files.paths[0] ?? '')).toThrow('ENOENT');
  });

  it('must be there', () => {
    expect(() => dataFiles([join(folder, 'nothing')], [])).toThrow(/nothing: there is no such file/);
  });
});
