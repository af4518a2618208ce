export default function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
      <defs>
        <linearGradient id="logo" x1="0" y1="0" x2="1" y2="1">
          <stop offset="0" stopColor="#0ea5a0" />
          <stop offset="1" stopColor="#4456d8" />
        </linearGradient>
      </defs>
      <rect width="32" height="32" rx="9" fill="url(#logo)" />
      <path d="M9 12h14l-1.2 11.2H10.2z" fill="#fff" />
      <path d="M12.4 14.5V11a3.6 3.6 0 0 1 7.2 0v3.5" fill="none" stroke="#fff" strokeWidth="1.8" strokeLinecap="round" />
    </svg>
  )
}
