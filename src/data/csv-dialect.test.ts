import { describe, expect, it } from 'vitest';
import { readHead } from './csv-dialect.ts';

const headOf = (text: string) => readHead(new TextEncoder().encode(text));

describe('the delimiter is found', () => {
  it.each([
    ['a,b,c\n1,2,3\n', ','],
    ['a;b;c\n1,5;2,5;3,5\n', ';'],
    ['a\tb\nx,y,z\tw\n', '\t'],
    ['1::2::5::978300760\n1::3::4::978300761\n', '::'],
    ['a|b\n1|2\n', '|'],
    ['"x;y;z",b\n1,2\n', ','],
  ])('%j', (text, delimiter) => {
    expect(headOf(text)?.dialect.delimiter).toBe(delimiter);
  });

  it.each(['', 'one column\nonly\n', 'First, second\nno comma\nhere, there, and everywhere\nnone\n', '\0\0,\n'])(
    'nowhere in %j',
    (text) => {
      expect(headOf(text)).toBeNull();
    },
  );
});

describe('a header', () => {
  it.each([
    ['age,city\n1,x\n', true],
    ['1,2\n3,4\n', false],
    ['a,1\nb,2\n', false],
    ['a,\n1,2\n', false],
    ['a,a\n1,2\n', false],
  ])('%j: %s', (text, expected) => {
    expect(headOf(text)?.hasHeader).toBe(expected);
  });
});

it('a few bad rows are no reason to doubt', () => {
  const rows = Array.from({ length: 50 }, (_, row) => (row % 20 === 7 ? 'broken' : `${row},x`));
  expect(headOf(`id,name\n${rows.join('\n')}`)?.rows).toHaveLength(48);
});

it('a row that the beginning cuts off is left out', () => {
  const head = headOf(`name,text\n${'abc,"some text"\n'.repeat(10_000)}`);
  expect(head?.rows.every((row) => row.length === 2)).toBe(true);
});
