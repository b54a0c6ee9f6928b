// What filters, local steps and consistencies cost in quality and save in bytes: whole trainings of 10 epochs by 2 workers and 2
// servers in one process, where links are function calls. Beside each the same training with plain f32 and BSP, same seed.
// `npm run bench -- convergence --args DATA PUSH,PULL,H[,CONSISTENCY] …` tries others.
import { type Case, parseCase, SUITES, type Suite } from '../filters/cases.ts';
import { type LoneData, type LoneResult, trainLone } from '../filters/lone-cluster.ts';
import { atLeast, atMost, type Benchmark, type BenchOptions, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

const EPOCHS = 10;
const QUICK_EPOCHS = 1;
const QUICK_SAMPLES = { train: 8_192, test: 1_024 };
const PLAIN = 'off,off,1';
/** Equal quality: within 0.2 points of accuracy, or 0.1 % of the objective. */
const POINTS = 0.2;
const OBJECTIVE_SHARE = 1.001;

const trafficOf = ({ traffic: { push, pull } }: LoneResult): number => (push.wire + pull.wire) / 1e6;

/** The share of the clocks after which it was first as good as that; null where it never was. */
function shareUntil({ looks, clocks }: LoneResult, accuracy: number): number | null {
  const found = looks.find((look) => look.accuracy >= accuracy);
  return found === undefined ? null : (found.clock + 1) / clocks;
}

interface Pair {
  readonly ours: LoneResult;
  readonly plain: LoneResult;
}

class Trainings {
  private readonly plain = new Map<number, LoneResult>();

  constructor(
    private readonly suite: Suite,
    private readonly data: LoneData,
    private readonly epochs: number,
  ) {}

  async pair(one: Case, seed: number): Promise<Pair> {
    const plain = this.plain.get(seed) ?? (await this.train(parseCase(PLAIN), seed));
    this.plain.set(seed, plain);
    return { ours: await this.train(one, seed), plain };
  }

  private train({ filters, localSteps, consistency }: Case, seed: number): Promise<LoneResult> {
    const { job: name, batch } = this.suite;
    const { data } = this;
    const steps = Math.ceil((this.epochs * data.meta.samples.train) / batch);
    const shared = { job: name, data, batch, steps, seed, workers: 2, servers: 2 };
    return trainLone({ ...shared, filters, localSteps, consistency });
  }
}

/** Traffic, quality, and both until the target. Targets are for whole trainings with what they are set for. */
function rowsOf(suite: Suite, { name }: Case, pairs: readonly Pair[], hasTargets: boolean): Row[] {
  const { cut, quality, accuracy } = suite;
  const what = (text: string) => `${suite.name}, ${name}: ${text}`;
  const samples = (unit: string, of: (result: LoneResult) => number) => ({
    unit,
    ours: pairs.map(({ ours }) => of(ours)),
    reference: pairs.map(({ plain }) => of(plain)),
  });
  const percent = (result: LoneResult) => 100 * result.accuracy;
  const plainPercent = Math.min(...pairs.map(({ plain }) => percent(plain)));
  const accurate = hasTargets && quality === 'accuracy' ? { target: atLeast(plainPercent - POINTS, 'ours') } : {};
  const rows = [
    rowOf({
      ...{ what: what('worker traffic'), ...samples('MB', trafficOf), ...(hasTargets && { target: atMost(1 / cut) }) },
      ...(hasTargets && { note: `the target is ${cut} times less` }),
    }),
    rowOf({ what: what('test accuracy'), ...samples('%', percent), ...accurate }),
    rowOf({ what: what('test loss'), ...samples('nats', ({ loss }) => loss) }),
  ];
  if (quality === 'objective') {
    const objective = samples('nats', ({ figures }) => figures.objective ?? Number.NaN);
    rows.push(rowOf({ what: what('objective'), ...objective, ...(hasTargets && { target: atMost(OBJECTIVE_SHARE) }) }));
  }
  return [...rows, ...rowsUntil(what, accuracy, pairs)];
}

function rowsUntil(what: (text: string) => string, accuracy: number, pairs: readonly Pair[]): Row[] {
  const reached = pairs.flatMap(({ ours, plain }) => {
    const [share, plainShare] = [shareUntil(ours, accuracy), shareUntil(plain, accuracy)];
    return share === null || plainShare === null ? [] : [{ ours, plain, share, plainShare }];
  });
  if (reached.length === 0) return [];
  const samples = (of: (result: LoneResult) => number) => ({
    ours: reached.map(({ ours, share }) => of(ours) * share),
    reference: reached.map(({ plain, plainShare }) => of(plain) * plainShare),
  });
  const target = `to ${(100 * accuracy).toFixed(1)} % test accuracy`;
  return [
    rowOf({ what: what(`worker traffic ${target}`), unit: 'MB', ...samples(trafficOf) }),
    rowOf({ what: what(`time ${target}`), unit: 's', ...samples(({ seconds }) => seconds), note: 'without a network' }),
  ];
}

/** With arguments: DATA and cases. Else everything, or of a quick run what targets are set for, without them. */
async function measure({ isQuick, args: [wanted, ...names] }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const suite of SUITES) {
    if (wanted !== undefined && wanted !== suite.name) continue;
    const data = await suite.open(isQuick ? QUICK_SAMPLES : null);
    const trainings = new Trainings(suite, data, isQuick ? QUICK_EPOCHS : EPOCHS);
    const { headline, seeds } = suite;
    const others = suite.others.filter((name) => name !== headline);
    const cases = names.length > 0 ? names : isQuick ? [headline] : [headline, ...others];
    for (const one of cases.map(parseCase)) {
      const isHeadline = one.name === headline;
      const pairs: Pair[] = [];
      for (const seed of isHeadline && !isQuick ? seeds : seeds.slice(0, 1))
        pairs.push(await trainings.pair(one, seed));
      const found = rowsOf(suite, one, pairs, isHeadline && !isQuick);
      rows.push(...found);
      console.error(found.map(({ what, ours, reference }) => `${what}: ${ours} beside ${reference}`).join('\n'));
    }
  }
  if (rows.length === 0) throw new Error(`There are no data ${wanted}: ${SUITES.map(({ name }) => name).join(', ')}.`);
  return rows;
}

export const benchmark: Benchmark = {
  what: 'bytes, quality and bytes to a target accuracy by filters, local steps and consistency, beside plain f32',
  run: measure,
};
