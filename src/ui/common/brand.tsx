// The mark: two arrows of one ring, push and pull.
export function BrandMark({ size = 26 }: { readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      strokeWidth="3.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d="M5 17A11 11 0 0 1 24.6 9.1M25.4 3.6v6h-6" stroke="var(--push)" />
      <path d="M27 15A11 11 0 0 1 7.4 22.9M6.6 28.4v-6h6" stroke="var(--pull)" />
    </svg>
  );
}
