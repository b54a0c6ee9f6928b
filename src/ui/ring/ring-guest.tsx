// A free place in the drawing: opens one more tab of this room.
import { useView } from '../../store/use-view.ts';
import { cssVariables } from '../common/css-variables.ts';
import { type Point, SIZE } from './ring-geometry.ts';

interface RingGuestProps {
  readonly place: Point;
  readonly diameter: number;
}

export function RingGuest({ place, diameter }: RingGuestProps) {
  const link = useView((state) => state.roomLink);
  if (link === null) return null;
  return (
    <a
      className="ring-node ring-guest"
      href={link}
      target="_blank"
      rel="noreferrer"
      aria-label="Open one more tab"
      style={{
        left: `${(place.x / SIZE) * 100}%`,
        top: `${(place.y / SIZE) * 100}%`,
        width: `${(diameter / SIZE) * 100}%`,
        ...cssVariables({ '--size': String((diameter / SIZE) * 100) }),
      }}
    >
      <span className="ring-number">+</span>
      <span className="ring-roles">one more tab</span>
    </a>
  );
}
