/** Inline SVG strokes of one weight; a picture beside a word, never instead of one. */

const PATHS = {
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  micOff: 'M15 9.3V6a3 3 0 0 0-5.9-.7M9 9v2a3 3 0 0 0 4.6 2.5M5 11a7 7 0 0 0 11 5.7M19 11a7 7 0 0 1-.5 2.6M12 18v3M4 3l17 18',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM15.5 13a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0z',
  video: 'M3 6h12v12H3zM15 11l6-4v10l-6-4',
  videoOff: 'M9 6h6v6.5M15 11l6-4v10l-4.2-2.8M15 18H3V6h1M4 3l17 18',
  flip: 'M4 8h3l2-3h6l2 3h3v11H4zM9 13a3 3 0 0 1 5.4-1.8M15 13a3 3 0 0 1-5.4 1.8M14.6 9.2v2.2h-2.2M9.4 16.8v-2.2h2.2',
  write: 'M4 5h16v11H9l-5 4z',
  hangUp: 'M3 14c5-5 13-5 18 0l-3 3-4-2v-2a9 9 0 0 0-4 0v2l-4 2z',
  flag: 'M6 21V4h11l-2 4 2 4H6',
  send: 'M4 12l16-8-6 16-3-6zM11 14l9-10',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 13l4.5 4.5L19 7',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.2',
  question: 'M9.5 9.3a2.6 2.6 0 1 1 3.6 2.6c-.8.4-1.1.9-1.1 1.8M12 17v.2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
  clock: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM12 7v5l3.5 2',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  linkOff: 'M10 14a4 4 0 0 0 3 1.5M16.5 14l2.5-2.6a4 4 0 0 0-5.7-5.7L12 7M8 9.6l-3 3a4 4 0 0 0 5.7 5.7L12 17M4 3l17 18',
  phone: 'M8 3h8v18H8zM11 18h2',
  offline: 'M4 3l17 18M8.5 15.5a5 5 0 0 1 6-.8M5 12a10 10 0 0 1 5-2.7M2.5 8.7A14 14 0 0 1 7 6M21.5 8.7A14 14 0 0 0 11 5.2M19 12a10 10 0 0 0-3.2-2.1M12 19v.2',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 15v2',
  user: 'M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4.5 20a7.5 7.5 0 0 1 15 0',
  users: 'M12 8.5a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zM2.5 19a6 6 0 0 1 12 0M15 5.4a3.5 3.5 0 0 1 0 6.2M17.5 14a6 6 0 0 1 4 5',
  parcel: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8M8 6l8 4',
  sound: 'M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11',
  back: 'M15 5l-7 7 7 7',
  forward: 'M9 5l7 7-7 7',
  chart: 'M4 20V4M4 20h16M8.5 16v-4M13 16V8M17.5 16v-6',
  code: 'M8.5 7L4 12l4.5 5M15.5 7l4.5 5-4.5 5',
  play: 'M7 4l13 8-13 8z',
  pause: 'M8 5v14M16 5v14',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.2M4 12h.2M4 18h.2',
  signOut: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  search: 'M16 10.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0zM15 15l5 5',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  plus: 'M12 5v14M5 12h14',
  sun: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5',
  release: 'M9 7L4 12l5 5M4 12h11a5 5 0 0 1 5 5v2',
  swap: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  bench: 'M5 21h14M12 21v-7M8 3h8v7a4 4 0 0 1-8 0zM12 6.5v.2',
  more: 'M6 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM13 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM20 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0z',
  archive: 'M4 5h16v4H4zM5 9v11h14V9M10 13h4',
  expand: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
} as const;

export type IconName = keyof typeof PATHS;
/** These point somewhere and turn round in right-to-left languages. */
const DIRECTED: ReadonlySet<IconName> = new Set<IconName>(['back', 'forward', 'send', 'signOut', 'release']);

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={DIRECTED.has(name) ? 'icon directed' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
