import { describe, expect, it } from 'vitest';
import type { Metrics, Point } from '../protocol/control.ts';
import { History } from './history.ts';
import { metricsOf } from './testing.ts';

const point = (clock: number): Point => [clock, clock * 10, clock, 1 / (clock + 1)];
const news = (loss: Point[], accuracy: Point[] = []): Metrics => metricsOf({ loss, accuracy });

describe('the history of a run', () => {
  it('is nothing at first', () => {
    expect(new History().all()).toBeNull();
  });

  it('gathers the points of every message', () => {
    const history = new History();
    history.add(news([point(0)], [point(1)]));
    const all = history.add(news([point(1), point(2)]));
    expect(all.loss).toEqual([point(0), point(1), point(2)]);
    expect(all.accuracy).toEqual([point(1)]);
    expect(all.isHistory).toBe(true);
    expect(history.all()).toEqual(all);
  });

  it('has the figures of the newest message', () => {
    const history = new History();
    history.add(metricsOf({ clock: 3, samples: 30 }));
    expect(history.add(metricsOf({ clock: 4, samples: 40 }))).toMatchObject({ clock: 4, samples: 40 });
  });

  it('starts again from a message that has everything', () => {
    const history = new History();
    history.add(news([point(0)]));
    history.add(metricsOf({ isHistory: true, loss: [point(0), point(1)] }));
    expect(history.add(news([point(2)])).loss).toEqual([point(0), point(1), point(2)]);
  });

  it('forgets another run, and only another', () => {
    const history = new History();
    history.follow(1);
    history.add(news([point(0)]));
    history.follow(1);
    expect(history.all()).not.toBeNull();
    history.follow(2);
    expect(history.all()).toBeNull();
  });
});
