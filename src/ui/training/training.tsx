// While it trains, and after: the numbers, the curves, the cluster, and everything that can be done with them.
import { useView } from '../../store/use-view.ts';
import { Charts } from '../charts/charts.tsx';
import { Explain } from '../common/explain.tsx';
import { Panel } from '../common/panel.tsx';
import { replicasName } from '../common/replicas-words.ts';
import { plural } from '../format.ts';
import { Invite } from '../invite/invite.tsx';
import { JobPanel } from '../jobs/panels.tsx';
import { NodesTable } from '../nodes/nodes-table.tsx';
import { Timeline } from '../notices/timeline.tsx';
import { RatioPanel } from '../ratio/ratio-panel.tsx';
import { RingExplanation } from '../ring/ring-explanation.tsx';
import { RingPicture } from '../ring/ring-picture.tsx';
import { RingSafety } from '../ring/ring-safety.tsx';
import { RunBar } from './run-bar.tsx';
import { SentMeter } from './sent-meter.tsx';
import { Steering } from './steering.tsx';
import './training.css';

interface TrainingProps {
  onTrainAgain(): void;
  onNewRun(): void;
}

export function Training({ onTrainAgain, onNewRun }: TrainingProps) {
  const isPrivate = useView((state) => state.run?.isPrivate ?? false);
  return (
    <main className="training">
      <RunBar onTrainAgain={onTrainAgain} onNewRun={onNewRun} />
      {isPrivate && <SentMeter />}
      <div className="area-side">
        <Steering />
        <JobPanel />
      </div>
      <div className="area-ring">
        <Panel
          title="Cluster"
          aside={<ClusterSize />}
          explain={
            <Explain question="What is the ring?">
              <RingExplanation />
            </Explain>
          }
        >
          <RingPicture seats={3} />
          <RingSafety />
        </Panel>
        <RatioPanel />
      </div>
      <div className="area-charts">
        <Charts />
        <Invite />
        <Timeline />
      </div>
      <NodesTable />
      {!isPrivate && <SentMeter />}
    </main>
  );
}

function ClusterSize() {
  const words = useView(({ nodes, run }) => {
    const workers = nodes.filter((node) => node.isWorker).length;
    const servers = nodes.filter((node) => node.isServer).length;
    return [plural(workers, 'worker'), plural(servers, 'server'), replicasName(run?.replicas ?? 0)].join(', ');
  });
  return <span className="muted small">{words}</span>;
}
