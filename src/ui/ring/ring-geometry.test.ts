// Facts about the cluster drawing's geometry.
import { expect, test } from 'vitest';
import { nodeId } from '../../protocol/ids.ts';
import {
  alongCurve,
  arcPath,
  arcsOf,
  CENTRE,
  flowCurve,
  flowWidth,
  holdingsOf,
  onCircle,
  placeNodes,
  TRAFFIC_FIELD,
} from './ring-geometry.ts';

const [a, b] = [nodeId(1), nodeId(2)];

test('positions run clockwise from the top', () => {
  expect(onCircle(0, 100)).toEqual({ x: 320, y: 220 });
  expect(onCircle(0.25, 100).x).toBeCloseTo(420);
  expect(onCircle(0.5, 100).y).toBeCloseTo(420);
});

test('a key belongs to the first virtual node at or after it, across the top too', () => {
  const arcs = arcsOf([
    { position: 0.75, node: b },
    { position: 0.25, node: a },
  ]);
  // (0.75, 1.25] is a's: it passes the top; (0.25, 0.75] is b's.
  expect(arcs).toEqual([
    { node: a, start: 0.75, end: 1.25 },
    { node: b, start: 0.25, end: 0.75 },
  ]);
});

test('neighbouring stretches of one node are one, and everything adds up to a turn', () => {
  const arcs = arcsOf([
    { position: 0.1, node: a },
    { position: 0.2, node: a },
    { position: 0.6, node: b },
    { position: 0.9, node: a },
  ]);
  expect(arcs.map(({ node }) => node)).toEqual([a, b]);
  expect(arcs.reduce((sum, arc) => sum + arc.end - arc.start, 0)).toBeCloseTo(1);
});

test('one node alone owns the whole ring, drawn as three thirds', () => {
  const [arc] = arcsOf([
    { position: 0.3, node: a },
    { position: 0.8, node: a },
  ]);
  expect(arc && arc.end - arc.start).toBeCloseTo(1);
  expect(arcPath(0, 1, 100).match(/A/g)).toHaveLength(3);
  expect(arcsOf([])).toEqual([]);
});

test('holdings count floats, not segments; what nobody owns counts for nobody', () => {
  const segment = { table: 't', startKey: 0, endKey: 1, position: 0 };
  const holdings = holdingsOf(
    {
      points: [],
      segments: [
        { ...segment, segment: 0, floats: 300, owner: a, replicas: [b], learners: [] },
        { ...segment, segment: 1, floats: 100, owner: b, replicas: [], learners: [a] },
        { ...segment, segment: 2, floats: 100, owner: null, replicas: [], learners: [] },
      ],
    },
    [],
  );
  expect(holdings).toEqual(
    new Map([
      [a, { owned: 0.6, copied: 0, filling: 0.2 }],
      [b, { owned: 0.2, copied: 0.6, filling: 0 }],
    ]),
  );
});

test('without segments a node owns its arcs', () => {
  const arcs = arcsOf([
    { position: 0.25, node: a },
    { position: 1, node: b },
  ]);
  expect(holdingsOf({ points: [], segments: [] }, arcs).get(b)).toEqual({ owned: 0.75, copied: 0, filling: 0 });
});

test('one node stands in the middle; twenty do not touch', () => {
  expect(placeNodes(1)).toEqual([CENTRE]);
  const [first, second] = placeNodes(20);
  if (!first || !second) throw new Error('no places');
  expect(Math.hypot(first.x - second.x, first.y - second.y)).toBeGreaterThan(50);
});

test('there and back are two lines that start and end at the nodes', () => {
  const [from, to] = placeNodes(2);
  if (!from || !to) throw new Error('no places');
  const there = flowCurve(from, to);
  const back = flowCurve(to, from);
  expect(alongCurve(there, 0)).toEqual(from);
  expect(alongCurve(there, 1)).toEqual(to);
  expect(Math.abs(alongCurve(there, 0.5).x - alongCurve(back, 0.5).x)).toBeGreaterThan(20);
});

test('no line of traffic leaves its field, for any number of nodes', () => {
  const { start, size } = TRAFFIC_FIELD;
  for (let count = 1; count <= 20; count++) {
    const places = placeNodes(count);
    for (const from of places) {
      for (const to of places) {
        for (let t = 0; t <= 1; t += 0.05) {
          const { x, y } = alongCurve(flowCurve(from, to), t);
          expect(Math.min(x, y)).toBeGreaterThan(start);
          expect(Math.max(x, y)).toBeLessThan(start + size);
        }
      }
    }
  }
});

test('traffic thickens by decades and stays in bounds', () => {
  expect([0, 1e3, 1e5, 1e9].map(flowWidth)).toEqual([1, 1, 3, 6]);
});
