import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { looksLikeRatings, NameTable, ratingsReader } from './ratings.ts';
import { ratingsFormat } from './ratings-format.ts';
import { loadAs, readInto } from './recognise.testing.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

const newTables = () => ({ users: new NameTable(), items: new NameTable() });

function parse(text: string | Uint8Array, isSkipping = false, pieces: readonly number[] = [], tables = newTables()) {
  const bytes = typeof text === 'string' ? bytesOf(text) : text;
  const badRows = new BadRowCount('f', isSkipping);
  const found = { users: [] as number[], items: [] as number[], ratings: [] as number[], times: [] as number[] };
  const reader = ratingsReader({ name: 'f', head: bytes }, tables, badRows, ({ user, item, rating, time }) => {
    found.users.push(user);
    found.items.push(item);
    found.ratings.push(rating);
    found.times.push(time);
  });
  readInto(reader, bytes, pieces);
  badRows.finish();
  const names = { users: tables.users.names(), items: tables.items.names() };
  return { ...found, skippedRows: badRows.rows, names };
}

const load = (train: string, test: string) =>
  loadAs(ratingsFormat, [
    { name: 'train', bytes: bytesOf(train) },
    { name: 'test', bytes: bytesOf(test) },
  ]);

describe('ratings', () => {
  it.each([
    ['MovieLens 1M', '7::1193::5::0\n9::661::3::0\n7::661::4::0\n'],
    ['MovieLens 100K', '7\t1193\t5\t0\n9\t661\t3\t0\n7\t661\t4\t0\n'],
    ['CSV with a header', 'userId,movieId,rating,timestamp\n7,1193,5.0,0\n9,661,3.0,0\n7,661,4.0,0\n'],
    ['columns in another order', 'rating;item_id;user_id\n5;1193;7\n3;661;9\n4;661;7\n'],
    ['no time and no header', '7,1193,5\n9,661,3\n7,661,4'],
  ])('of %s', (_, text) => {
    expect(looksLikeRatings(bytesOf(text))).toBe(true);
    expect(parse(text)).toMatchObject({
      users: [0, 1, 0],
      items: [0, 1, 1],
      ratings: [5, 3, 4],
      times: [0, 0, 0],
      names: { users: ['7', '9'], items: ['1193', '661'] },
    });
  });

  it('may have names for users and items', () => {
    expect(parse('user,book,stars\nAnn,"War, and Peace",5\nBo,Emma,2.5\n')).toMatchObject({
      ratings: [5, 2.5],
      names: { users: ['Ann', 'Bo'], items: ['War, and Peace', 'Emma'] },
    });
  });

  it('of two files share users and items', () => {
    const tables = newTables();
    parse('1,5,3\n2,6,4', false, [], tables);
    const test = parse('2,5,1\n3,6,1', false, [], tables);
    expect([test.users, test.items]).toEqual([
      [1, 2],
      [0, 1],
    ]);
  });

  it('become rows of user and item', () => {
    const { meta, blocks } = load('a,x,5,60\nb,x,2,61\na,y,2,62', 'a,x,1,1');
    const [block] = blocks.train;
    if (block?.kind !== 'sparse') throw new Error('not sparse');
    expect([...block.indices]).toEqual([0, 2, 1, 2, 0, 3]);
    expect([...block.values]).toEqual([5, 60, 2, 61, 2, 62]);
    expect([...block.indptr]).toEqual([0, 2, 4, 6]);
    expect(meta).toMatchObject({ mean: 3 });
  });
});

describe('what is wrong with ratings', () => {
  const header = 'user,item,rating\n';
  it.each<[string, string, number, number, RegExp]>([
    ['a word for a rating', '1,2,3\n1,2,good\n', 3, 5, /a rating must be a number, found "good"; mend this row/],
    ['no rating', '1,2,3\n1,2,\n1,3,4\n', 3, 5, /a rating must be a number; mend/],
    ['no user', '1,2,3\n,2,4\n', 3, 1, /no user/],
    ['no item', '1,2,3\n1, ,4\n', 3, 3, /no item/],
    ['a missing column', '5,6,7\n1,2\n1,3,4\n', 3, 3, /2 fields where the first row has 3/],
  ])('%s is said with line and column', (_, text, line, column, message) => {
    expect(() => parse(header + text)).toThrow(message);
    expect(() => parse(header + text)).toThrow(expect.objectContaining({ name: 'BadRows', line, column }));
  });

  it('is skipped where that is wanted, and counted', () => {
    const text = 'user,item,rating\n1,2,x\n1,2,3\n1,2\n1,2,4\n2,2,4\n';
    expect(() => parse(text)).toThrow(/2 rows are bad: mend them, or skip them/);
    expect(parse(text, true)).toMatchObject({ ratings: [3, 4, 4], skippedRows: 2 });
  });

  it.each(['user,item,rating\n', 'a,b\n1,2', 'a,b,c\n1,2,3', 'some text\nof lines'])('all of %j', (text) => {
    expect(() => load(text, '1,2,3')).toThrow(BadDataFile);
  });

  it('is the same in pieces of any size', () => {
    const token = fc.constantFrom('1', '2', '3.5', ',', ',', '\n', '\r\n', 'x', '"a ""b"""', 'é');
    const text = fc.array(token, { maxLength: 40 }).map((tokens) => `user,item,rating\n1,2,3\n${tokens.join('')}`);
    const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    const outcome = (text: string, pieces: readonly number[]) => {
      try {
        return parse(text, true, pieces);
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(text, pieces, (text, pieces) => {
        expect(outcome(text, pieces)).toEqual(outcome(text, []));
      }),
    );
  });

  it('never is anything else', () => {
    const token = fc.constantFrom('1', '2', '3.5', ',', ',', '\n', '\n', 'x', '"', '::', '\t', 'user,item,rating\n');
    const text = fc.array(token, { maxLength: 40 }).map((tokens) => bytesOf(tokens.join('')));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), fc.boolean(), (bytes, isSkipping) => {
        try {
          parse(bytes, isSkipping);
        } catch (error) {
          if (!(error instanceof BadDataFile)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
