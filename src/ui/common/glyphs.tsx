// The few pictures of the page, as inline SVG in the text's colour. They repeat words nearby, so they are hidden from readers.
import type { ReactNode } from 'react';

interface GlyphProps {
  readonly size?: number;
}

const glyph =
  (children: ReactNode) =>
  ({ size = 14 }: GlyphProps) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );

/** ∇: workers compute gradients. */
export const WorkerGlyph = glyph(<path d="M2 3h12L8 13.5Z" />);
/** Stacked rows: servers hold parameters. */
export const ServerGlyph = glyph(
  <>
    <rect x="2" y="2.5" width="12" height="4.6" rx="1.2" />
    <rect x="2" y="9" width="12" height="4.6" rx="1.2" />
    <path d="M4.6 4.8h.01M4.6 11.3h.01" strokeWidth="2" />
  </>,
);
/** Crown: exactly one node schedules. */
export const SchedulerGlyph = glyph(
  <path d="M2 12.5 1.4 4.6l3.7 2.7L8 2.6l2.9 4.7 3.7-2.7-.6 7.9Z" fill="currentColor" />,
);
/** Eye: neither computes nor holds. */
export const WatchGlyph = glyph(
  <>
    <path d="M1.2 8S3.6 3.6 8 3.6 14.8 8 14.8 8 12.4 12.4 8 12.4 1.2 8 1.2 8Z" />
    <circle cx="8" cy="8" r="1.9" />
  </>,
);
export const PlayGlyph = glyph(<path d="M4 2.5v11l9-5.5Z" fill="currentColor" />);
export const PauseGlyph = glyph(<path d="M5 3v10M11 3v10" strokeWidth="2.6" />);
export const StopGlyph = glyph(<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" fill="currentColor" />);
export const DownloadGlyph = glyph(<path d="M8 2v8M4.6 7 8 10.4 11.4 7M2.5 13.6h11" />);
/** A bookmark: the place to go on from. */
export const CheckpointGlyph = glyph(<path d="M4 2.2h8v11.6l-4-3-4 3Z" />);
export const CopyGlyph = glyph(
  <>
    <rect x="5.4" y="5.4" width="8.6" height="8.6" rx="1.8" />
    <path d="M10.6 2.8A1.8 1.8 0 0 0 9 2H3.8A1.8 1.8 0 0 0 2 3.8V9c0 .7.3 1.2.8 1.6" />
  </>,
);
export const CheckGlyph = glyph(<path d="m2.8 8.6 3.4 3.4 7-8" />);
export const CloseGlyph = glyph(<path d="m3.5 3.5 9 9M12.5 3.5l-9 9" />);
export const FilesGlyph = glyph(
  <path d="M8 10.5v-8M4.8 5.4 8 2.2l3.2 3.2M2.5 10v2.4c0 .7.5 1.2 1.2 1.2h8.6c.7 0 1.2-.5 1.2-1.2V10" />,
);
export const ChevronGlyph = glyph(<path d="m4 6 4 4 4-4" />);
export const WarningGlyph = glyph(<path d="M8 2 1.4 13.6h13.2ZM8 6.6v3M8 11.6h.01" />);
/** Half light, half dark. */
export const ThemeGlyph = glyph(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" />
  </>,
);
