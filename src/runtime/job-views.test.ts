import { describe, expect, it } from 'vitest';
import { findJob } from '../jobs/registry.ts';
import { DATA_SEED, jobDefaults } from './job-views.ts';

describe('what a job runs with by default', () => {
  const { meta } = findJob('lda').generate(DATA_SEED, null);

  it('follows its options: many topics take longer than few, and get a larger batch', () => {
    const batches = [20, 1_000].map((topics) => jobDefaults('lda', { topics }, meta).batch);
    expect(batches[1]).toBeGreaterThan(batches[0] as number);
  });

  it('refuses an option that the job has not, by name', () => {
    expect(() => jobDefaults('lda', { topicss: 5 }, meta)).toThrow(/topicss/);
  });
});
