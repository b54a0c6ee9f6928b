// How people write the ten digits: strokes of control points in a unit box, y downwards, with the common variants. The
// shapes only; what makes each image different is in digits.ts.

type Point = readonly [x: number, y: number];

/** One way to write a digit. Strokes that meet name the same point, so that they still meet once it is displaced. */
export interface Glyph {
  /** x and y of every control point in turn. */
  readonly points: Float64Array;
  /** Places in `points` that each stroke passes through as a smooth curve. */
  readonly strokes: readonly (readonly number[])[];
}

/** Ways to write each digit; where one is much more common it stands twice. Points as `x,y` in hundredths of the box. */
const STROKES: readonly (readonly (readonly string[])[])[] = [
  // 0: a loop, a narrow loop, one that overshoots where it closes.
  [
    ['50,0 20,14 6,50 20,86 50,100 80,86 94,50 80,14 50,0'],
    ['55,0 30,16 20,55 32,90 52,100 72,84 80,45 72,12 55,0'],
    ['66,8 32,6 8,42 18,84 50,100 86,78 90,34 62,0 40,10'],
  ],
  // 1: a stroke, with a flag, with a flag and a foot.
  [
    ['50,0 50,100'],
    ['50,0 50,100'],
    ['26,24 55,0', '55,0 55,100'],
    ['28,20 52,0', '52,0 52,100', '22,100 52,100 82,100'],
  ],
  // 2: with a flat foot, with a loop.
  [
    ['12,24 32,3 66,2 86,25 70,54 36,80 10,100', '10,100 92,98'],
    ['14,20 42,0 78,12 76,42 46,78 18,98 6,84 30,76 60,92 94,96'],
  ],
  // 3: round, with a flat top.
  [
    ['14,12 50,0 82,20 70,42 40,48', '40,48 78,56 90,78 56,100 10,90'],
    ['14,3 84,2', '84,2 44,40', '44,40 84,54 88,82 50,100 10,90'],
  ],
  // 4: open, closed, open and round.
  [
    ['20,2 10,58', '10,58 94,56', '72,6 68,100'],
    ['68,0 6,66', '6,66 96,66', '68,0 70,100'],
    ['14,5 12,42 36,56 78,44', '84,2 78,44 72,100'],
  ],
  // 5: with a corner, in one sweep.
  [
    ['88,2 22,4', '22,4 16,45', '16,45 52,36 88,60 76,92 40,100 8,88'],
    ['86,3 46,5 20,20 30,42 66,52 86,74 64,97 30,100 10,88'],
  ],
  // 6: slanted, upright.
  [
    ['78,2 38,26 12,64 26,95 60,100 88,78 70,54 40,56 16,76'],
    ['40,0 18,40 12,76 36,100 74,94 86,70 62,54 30,62 13,80'],
  ],
  // 7: plain, with a bar, with a hook.
  [
    ['8,5 90,4', '90,4 58,48 38,100'],
    ['8,5 90,4', '90,4 58,48 38,100', '24,50 82,46'],
    ['6,24 10,4', '10,4 90,6', '90,6 66,46 56,100'],
  ],
  // 8: in one crossing stroke, as two loops.
  [
    ['80,14 50,0 20,18 42,44 78,66 72,94 40,100 14,82 34,58 66,40 80,14'],
    ['50,46 24,34 24,10 50,0 76,10 76,34 50,46', '50,46 16,60 16,90 50,100 84,90 84,60 50,46'],
  ],
  // 9: with a straight stem, with a curled one.
  [
    ['82,22 52,0 16,18 24,48 60,50 82,22', '82,22 78,62 70,100'],
    ['84,24 54,0 18,16 22,46 58,52 84,24', '84,24 84,70 56,100 16,92'],
  ],
];

/** The glyphs of each digit. */
export const GLYPHS: readonly (readonly Glyph[])[] = STROKES.map((variants) => variants.map(glyphOf));

function glyphOf(strokes: readonly string[]): Glyph {
  const places = new Map<string, number>();
  const points: number[] = [];
  const placeOf = ([x, y]: Point): number => {
    const name = `${x},${y}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    const place = places.size;
    places.set(name, place);
    points.push(x, y);
    return place;
  };
  return { strokes: strokes.map((stroke) => pointsOf(stroke).map(placeOf)), points: Float64Array.from(points) };
}

/** A straight stroke gets a point in its middle, so that it can bend. */
function pointsOf(stroke: string): Point[] {
  const points = stroke.split(' ').map((pair): Point => {
    const [x = 0, y = 0] = pair.split(',').map(Number);
    return [x / 100, y / 100];
  });
  const [from, to, more] = points;
  if (from === undefined || to === undefined || more !== undefined) return points;
  return [from, [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], to];
}
