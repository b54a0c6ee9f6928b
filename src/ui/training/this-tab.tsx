// What a person may ask of this tab alone: to be slow, to save traffic, to compute with something else.
import { useCommands, useView } from '../../store/use-view.ts';
import type { DeviceWishView } from '../../store/view.ts';
import { deviceName, deviceSentence } from '../common/device-words.ts';
import { SlowDown } from './slow-down.tsx';

export function ThisTab() {
  return (
    <fieldset className="this-tab">
      <legend className="choice-legend">This tab alone</legend>
      <SlowDown />
      <Bandwidth />
      <Device />
    </fieldset>
  );
}

const MEGABITS = [1, 2, 5, 10, 20, 50] as const;
const BYTES_PER_MEGABIT = 125_000;

function Bandwidth() {
  const commands = useCommands();
  const bandwidth = useView((state) => state.bandwidth);
  return (
    <label className="this-tab-setting">
      <span>Bandwidth</span>
      <select
        className="input"
        value={bandwidth === null ? '' : bandwidth / BYTES_PER_MEGABIT}
        onChange={({ target: { value } }) =>
          commands.setBandwidth(value === '' ? null : Number(value) * BYTES_PER_MEGABIT)
        }
      >
        <option value="">no limit</option>
        {MEGABITS.map((megabits) => (
          <option key={megabits} value={megabits}>
            {megabits} Mbit/s
          </option>
        ))}
      </select>
      <span className="muted small">
        {bandwidth === null ? 'for a phone on mobile data' : 'each way, to all other tabs together'}
      </span>
    </label>
  );
}

const WISHES = ['auto', 'wasm', 'webgpu', 'webgl'] as const satisfies readonly DeviceWishView[];

function Device() {
  const commands = useCommands();
  const device = useView((state) => state.device);
  const wish = WISHES.find((one) => one === device.wish) ?? 'auto';
  const isThere = (one: DeviceWishView) => one === 'auto' || (device.choice?.available?.includes(one) ?? true);
  return (
    <label className="this-tab-setting">
      <span>Compute with</span>
      <select
        className="input"
        value={wish}
        onChange={({ target: { value } }) => commands.setDevice(WISHES.find((one) => one === value) ?? 'auto')}
      >
        {WISHES.map((one) => (
          <option key={one} value={one} disabled={!isThere(one)}>
            {one === 'auto' ? 'fastest here' : deviceName(one)}
          </option>
        ))}
      </select>
      <span className="muted small">{deviceSentence(device) ?? 'measured when a run begins'}</span>
    </label>
  );
}
