// What so many copies are good for, in a sentence.

const TABS = ['No tab', 'One tab', 'Two tabs', 'Three tabs'];

/** "1 replica". */
export const replicasName = (replicas: number): string =>
  replicas === 0 ? 'no replicas' : `${replicas} replica${replicas === 1 ? '' : 's'}`;

/** @param tabs in the room now: copies need as many more of them */
export function explainReplicas(replicas: number, tabs: number): string {
  if (replicas === 0) return 'No copies: the fastest, but closing the tab that holds the parameters ends the run.';
  const many = TABS[replicas] ?? `${replicas} tabs`;
  const when = replicas === 1 ? 'at any moment' : 'at the same moment';
  const wait = tabs > replicas ? '' : ` Copies are made as soon as ${replicas + 1} tabs are here.`;
  return `${many} may be closed ${when}, even by a crash, and nothing is lost.${wait}`;
}
