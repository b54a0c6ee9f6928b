// Before training: what this is, what to train on what, one button, and the way in for more tabs.
import { useView } from '../../store/use-view.ts';
import { Explain } from '../common/explain.tsx';
import { Panel } from '../common/panel.tsx';
import { Invite } from '../invite/invite.tsx';
import { RingExplanation } from '../ring/ring-explanation.tsx';
import { RingPicture } from '../ring/ring-picture.tsx';
import { CheckpointOffer } from './checkpoint-offer.tsx';
import { DataCard } from './data-card.tsx';
import { JobCards } from './job-cards.tsx';
import { PrivacyChoice } from './privacy-choice.tsx';
import { SettingsFields } from './settings-fields.tsx';
import { StartButton } from './start-button.tsx';
import type { StartForm } from './start-form.ts';
import { StartFrom } from './start-from.tsx';
import './lobby.css';

interface LobbyProps {
  readonly form: StartForm;
}

export function Lobby({ form }: LobbyProps) {
  return (
    <main className="lobby">
      <div className="lobby-hero">
        <h1>Train one model across many tabs</h1>
        <p>
          Every tab you open joins one cluster: some compute gradients, some hold the parameters, and they talk to each
          other directly. Press start and this tab trains alone; open the link in more tabs and they share the work at
          once.
        </p>
        <CheckpointOffer />
      </div>
      <div className="lobby-setup panel">
        <JobCards />
        <DataCard />
        <PrivacyChoice />
        <SettingsFields form={form} />
        <StartFrom />
        <StartButton form={form} />
      </div>
      <div className="lobby-cluster">
        <Panel
          title="Your cluster"
          aside={<Waiting />}
          explain={
            <Explain question="What is the ring?">
              <RingExplanation />
            </Explain>
          }
        >
          <RingPicture seats={3} />
        </Panel>
        <Invite />
      </div>
    </main>
  );
}

function Waiting() {
  const words = useView((state) => {
    if (state.connection.phase === 'joining' || state.connection.phase === 'offline') return 'opening the room…';
    return state.nodes.length === 1 ? 'only this tab so far' : '';
  });
  return <span className="muted small">{words}</span>;
}
